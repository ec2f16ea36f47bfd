# SPDX-License-Identifier: Apache-2.0
"""Facts of the machine as a result file of the benchmark has them, from /proc and /sys. None of
them names a host, a user or a path."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from .._context import Context
from ._machine import cpu_model

_CPUS = Path("/sys/devices/system/cpu")


def _text(path: Path) -> str | None:
    """A file's text; None if it cannot be read or is empty."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeError):
        return None


def _whole(text: str | None) -> int | None:
    """The number that a text is; None if it is another text."""
    try:
        return int(text or "", 0)
    except ValueError:
        return None


def _first_cpu() -> dict[str, str]:
    """What /proc/cpuinfo says of the first CPU."""
    block = (_text(Path("/proc/cpuinfo")) or "").split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in block.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cpu(info: dict[str, str]) -> dict[str, Any]:
    return {
        "model": cpu_model(),
        "vendor": info.get("vendor_id") or info.get("CPU implementer") or "unknown",
        "architecture": platform.machine(),
        "family": _whole(info.get("cpu family")),
        "model_number": _whole(info.get("model")),
        "stepping": _whole(info.get("stepping")),
        "microarchitecture": None,
    }


def _count(cpu_list: str) -> int:
    """How many CPUs a list such as "0-3,8" has."""
    bounds = [part.split("-") for part in cpu_list.split(",")]
    return sum(int(bound[-1]) - int(bound[0]) + 1 for bound in bounds)


def _usable_cpus() -> int:
    """As many as the library counts, whatever the user asks it for."""
    asked = os.environ.pop("GRADSTEP_THREADS", None)
    try:
        info = Context().info
    finally:
        if asked is not None:
            os.environ["GRADSTEP_THREADS"] = asked
    # A library without oneTBB counts none.
    has_threads = info.threading != "calling thread"
    return info.thread_count if has_threads else len(os.sched_getaffinity(0))


def _cores() -> dict[str, Any]:
    topologies = list(_CPUS.glob("cpu[0-9]*/topology"))
    sockets = {_text(each / "physical_package_id") for each in topologies}
    cores = {_text(each / "thread_siblings_list") for each in topologies}
    logical = os.cpu_count() or 1
    smt = {"0": "off", "1": "on"}.get(_text(_CPUS / "smt" / "active") or "", "unknown")
    return {
        "sockets": max(len(sockets), 1),
        "physical": len(cores) or logical,
        "logical": logical,
        "usable": _usable_cpus(),
        "smt": smt,
    }


def _caches() -> list[dict[str, Any]]:
    """Those of the first CPU that hold data."""
    found = []
    for folder in sorted(_CPUS.glob("cpu0/cache/index[0-9]*")):
        level, kind, size, shared = (
            _text(folder / name) for name in ("level", "type", "size", "shared_cpu_list")
        )
        kilobytes = _whole((size or "").removesuffix("K"))
        if kind in ("Data", "Unified") and level and kilobytes and shared:
            found.append(
                {
                    "level": int(level),
                    "kind": kind.lower(),
                    "bytes": kilobytes * 1024,
                    "shared_by": _count(shared),
                }
            )
    return found


def _memory_bytes() -> int | None:
    found = re.search(r"^MemTotal:\s*(\d+) kB", _text(Path("/proc/meminfo")) or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _frequency() -> dict[str, Any] | None:
    folder = _CPUS / "cpu0" / "cpufreq"
    if not folder.is_dir():
        return None
    most = _whole(_text(folder / "cpuinfo_max_freq"))  # in kHz
    return {
        "governor": _text(folder / "scaling_governor"),
        "driver": _text(folder / "scaling_driver"),
        "max_mhz": most / 1000 if most else None,
    }


def _virtualised(info: dict[str, str]) -> str | None:
    if "flags" not in info:  # not x86
        return None
    return "yes" if "hypervisor" in info["flags"].split() else "no"


def _huge_pages() -> str | None:
    setting = _text(Path("/sys/kernel/mm/transparent_hugepage/enabled"))
    found = re.search(r"\[(\w+)\]", setting or "")
    return found[1] if found else None


def machine_facts() -> dict[str, Any]:
    """The member "machine" of a result file, without bandwidth."""
    info = _first_cpu()
    version = re.match(r"\d+\.\d+", platform.release())
    return {
        "cpu": _cpu(info),
        "cores": _cores(),
        "caches": _caches(),
        "numa_nodes": max(len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))), 1),
        "memory_bytes": _memory_bytes(),
        "frequency": _frequency(),
        "virtualised": _virtualised(info),
        "huge_pages": _huge_pages(),
        "system": f"{platform.system()} {version[0] if version else ''}".rstrip(),
    }
