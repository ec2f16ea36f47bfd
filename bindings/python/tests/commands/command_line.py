# SPDX-License-Identifier: Apache-2.0
"""Runs ``python -m gradstep`` as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import gradstep

SOURCE = Path(gradstep.__file__).resolve().parent.parent

# Packages whose import fails, as if they were not installed.
_HIDES = """
import importlib.util, runpy, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
sys.argv = ["gradstep", *sys.argv[1:]]
runpy.run_module("gradstep", run_name="__main__", alter_sys=True)
"""


def run_gradstep(
    *arguments: str,
    status: int = 0,
    environment: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command, whose exit status has to be `status`. Packages in `without` cannot be
    imported."""
    paths = [str(SOURCE), os.environ.get("PYTHONPATH", "")]
    start = ["-c", _HIDES.format(names=list(without))] if without else ["-m", "gradstep"]
    result = subprocess.run(
        [sys.executable, *start, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            **(environment or {}),
        },
        check=False,
        timeout=600,
    )
    assert result.returncode == status, result.stdout + result.stderr
    return result
