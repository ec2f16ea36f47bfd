# SPDX-License-Identifier: Apache-2.0
"""The facts of the machine that result files have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from result_schema import SCHEMA, check

from gradstep._commands import _machine_facts
from gradstep._commands._machine_facts import machine_facts


def test_facts_are_valid_and_agree_with_each_other() -> None:
    facts = {**machine_facts(), "bandwidth": []}
    check(SCHEMA["properties"]["machine"], facts)
    cores = facts["cores"]
    assert cores["sockets"] <= cores["physical"] <= cores["logical"]
    assert cores["usable"] <= cores["logical"] == os.cpu_count()
    if cores["smt"] == "off":
        assert cores["physical"] == cores["logical"]
    for cache in facts["caches"]:
        assert cache["shared_by"] <= cores["logical"]
    assert [each["bytes"] for each in facts["caches"]] == sorted(
        each["bytes"] for each in facts["caches"]
    )
    if facts["memory_bytes"] is not None:
        assert facts["memory_bytes"] == pytest.approx(
            os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), rel=0.01
        )


def test_the_usable_cpus_do_not_depend_on_what_the_user_asks_for() -> None:
    # A process of its own: the library reads the environment.
    program = (
        "from gradstep._commands._machine_facts import machine_facts; import os\n"
        "print(machine_facts()['cores']['usable'], os.environ.get('GRADSTEP_THREADS'))"
    )
    for asked in ("1", "1024"):
        shown = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={
                **os.environ,
                "GRADSTEP_THREADS": asked,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        ).stdout
        assert shown.split() == [str(machine_facts()["cores"]["usable"]), asked]


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-3", 4), ("0-3,8,10-11", 7)])
def test_a_list_of_cpus_is_counted(text: str, count: int) -> None:
    assert _machine_facts._count(text) == count


def test_a_system_that_says_nothing_has_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_machine_facts, "_CPUS", tmp_path)
    monkeypatch.setattr(_machine_facts, "_text", lambda path: None)
    facts = {**machine_facts(), "bandwidth": []}
    check(SCHEMA["properties"]["machine"], facts)
    assert facts["cores"]["smt"] == "unknown"
    assert facts["caches"] == []
    for name in ("memory_bytes", "frequency", "virtualised", "huge_pages"):
        assert facts[name] is None


def test_a_machine_with_two_sockets_and_smt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cpu in range(8):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{cpu % 4 // 2}\n", encoding="ascii")
        (topology / "thread_siblings_list").write_text(
            f"{cpu % 4},{cpu % 4 + 4}\n", encoding="ascii"
        )
    for index, (level, kind, size) in enumerate(
        [(1, "Data", "48K"), (1, "Instruction", "32K"), (2, "Unified", "2048K")]
    ):
        cache = tmp_path / "cpu0" / "cache" / f"index{index}"
        cache.mkdir(parents=True)
        for name, text in {"level": level, "type": kind, "size": size}.items():
            (cache / name).write_text(f"{text}\n", encoding="ascii")
        (cache / "shared_cpu_list").write_text("0,4\n", encoding="ascii")
    frequency = tmp_path / "cpu0" / "cpufreq"
    frequency.mkdir()
    (frequency / "scaling_governor").write_text("powersave\n", encoding="ascii")
    (frequency / "cpuinfo_max_freq").write_text("3700000\n", encoding="ascii")
    (tmp_path / "smt").mkdir()
    (tmp_path / "smt" / "active").write_text("1\n", encoding="ascii")
    monkeypatch.setattr(_machine_facts, "_CPUS", tmp_path)
    facts = machine_facts()
    cores = facts["cores"]
    assert (cores["sockets"], cores["physical"], cores["smt"]) == (2, 4, "on")
    assert facts["caches"] == [
        {"level": 1, "kind": "data", "bytes": 48 * 1024, "shared_by": 2},
        {"level": 2, "kind": "unified", "bytes": 2048 * 1024, "shared_by": 2},
    ]
    assert facts["frequency"] == {"governor": "powersave", "driver": None, "max_mhz": 3700.0}
