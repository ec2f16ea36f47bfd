# SPDX-License-Identifier: Apache-2.0
"""What commands tell of the machine, and of the packages that they use if installed."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import time
from pathlib import Path
from typing import Any

from ._failure import CommandError


def cpu_model() -> str:
    """The CPU's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class OtherPrograms:
    """How many CPUs other programs keep busy, and how many a hypervisor takes away, from now on."""

    def __init__(self) -> None:
        self._start = self._numbers()

    @staticmethod
    def _numbers() -> tuple[float, float, float, float] | None:
        """Seconds of the clock, of all CPUs' work, of what the host took, and of this process."""
        try:
            line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
            user, nice, system, _, _, irq, softirq, steal = map(int, line.split()[1:9])
        except (OSError, ValueError, IndexError):
            return None
        second = os.sysconf("SC_CLK_TCK")
        busy = user + nice + system + irq + softirq
        return time.monotonic(), busy / second, steal / second, time.process_time()

    def cpus(self) -> tuple[float, float] | None:
        """The mean numbers until now, of other programs and of the hypervisor; None where the
        system does not tell."""
        now = self._numbers()
        if now is None or self._start is None:
            return None
        wall, busy, stolen, own = (end - start for end, start in zip(now, self._start, strict=True))
        return (max(busy - own, 0.0) / wall, stolen / wall) if wall > 0 else None


def _number_in(path: str) -> int | None:
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there, or "max"
        return None


def available_memory() -> int | None:
    """Bytes that this process may still take, as far as the system tells."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                found.append(int(value.split()[0]) * 1024)
    except (OSError, ValueError):
        pass
    limit = _number_in("/sys/fs/cgroup/memory.max")
    used = _number_in("/sys/fs/cgroup/memory.current")
    if limit is not None and used is not None:
        found.append(max(limit - used, 0))
    return min(found) if found else None


def version_of(package: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    try:
        if importlib.util.find_spec(package) is None:
            return None
    except (ImportError, ValueError):
        return None
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def imported(package: str) -> Any | None:
    """The package, or None if it cannot be imported."""
    try:
        return importlib.import_module(package)
    except ImportError:
        return None


def needed(package: str, purpose: str) -> Any:
    """The package. Raises CommandError with a sentence that says what needs it."""
    found = imported(package)
    if found is None:
        raise CommandError(
            f"{purpose} needs the package {package}, which is not installed: pip install {package}"
        )
    return found
