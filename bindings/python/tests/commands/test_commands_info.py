# SPDX-License-Identifier: Apache-2.0
"""``python -m gradstep info``, and the commands' behaviour when they are called wrongly."""

from __future__ import annotations

import json

import numpy
from command_line import run_gradstep

from gradstep._commands._machine import version_of
from gradstep._library import library, version


def test_json_has_what_the_library_says() -> None:
    found = json.loads(run_gradstep("info", "--json").stdout)
    assert found["gradstep"] == version()
    rules = [library.gradstep_rule_name(i).decode() for i in range(library.gradstep_rule_count())]
    assert found["rules"] == rules
    assert "adamw" in rules
    assert "cosine" in found["schedules"]
    assert len(found["schedules"]) == library.gradstep_schedule_count()
    assert found["isa"] in found["isas_available"]
    assert set(found["isas_available"]) <= set(found["isas_built"])
    assert found["threads"] >= 1
    assert found["cpu"]


def test_text_shows_every_entry_of_the_json() -> None:
    found = json.loads(run_gradstep("info", "--json").stdout)
    shown = " ".join(run_gradstep("info").stdout.split())
    for name in ("gradstep", "library", "python", "numpy", "cpu", "isa", "threads"):
        assert str(found[name]) in shown, name
    for name in ("rules", "schedules", "isas_built"):
        assert ", ".join(found[name]) in shown, name


def test_the_environment_decides_threads_and_instruction_set() -> None:
    found = json.loads(
        run_gradstep(
            "info", "--json", environment={"GRADSTEP_THREADS": "1", "GRADSTEP_ISA": "baseline"}
        ).stdout
    )
    assert (found["threads"], found["isa"]) == (1, "baseline")
    assert found["environment"]["GRADSTEP_THREADS"] == "1"


def test_a_package_that_is_not_installed_is_named_as_such() -> None:
    result = run_gradstep("info", without=["torch"])
    assert "torch            not installed" in result.stdout
    assert json.loads(run_gradstep("info", "--json", without=["torch"]).stdout)["torch"] is None


def test_an_unknown_command_is_refused_with_those_that_exist() -> None:
    result = run_gradstep("inform", status=2)
    for name in ("info", "bench", "convert"):
        assert name in result.stderr
    assert result.stdout == ""


def test_version() -> None:
    assert run_gradstep("--version").stdout == f"gradstep {version()}\n"


def test_version_of_a_package() -> None:
    assert version_of("numpy") == numpy.__version__
    assert version_of("no_package_has_this_name") is None
