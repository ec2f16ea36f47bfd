#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the programs of README.md and docs/python.md as they are printed there: each block of
Python, with what it prints in the block of text after it. Programs that need torch are skipped
where it is missing, and said to be."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[1]
PAGES = (PYTHON / "README.md", PYTHON.parents[1] / "docs" / "python.md")
BLOCK = re.compile(r"```python\n(.*?)```\n+(?:```text\n(.*?)```)?", re.DOTALL)


def without_noise(output: str) -> str:
    """What a program prints. PyTorch prints about the CPU where it cannot look at it."""
    lines = [line for line in output.splitlines() if not re.search("cpuinfo|UCX", line)]
    return "\n".join(lines).strip()


def main() -> int:
    passed, failed, skipped = 0, 0, 0
    for page in PAGES:
        for number, (program, wanted) in enumerate(
            BLOCK.findall(page.read_text(encoding="utf-8")), 1
        ):
            name = f"{page.name}, program {number}"
            if "torch" in program and not importlib.util.find_spec("torch"):
                print(f"SKIPPED: {name}: there is no torch here")
                skipped += 1
                continue
            with tempfile.TemporaryDirectory() as folder:
                run = subprocess.run(
                    [sys.executable, "-c", program],
                    cwd=folder,
                    text=True,
                    capture_output=True,
                    check=False,
                )
            found = without_noise(run.stdout)
            if run.returncode == 0 and (not wanted or found == wanted.strip()):
                passed += 1
                continue
            failed += 1
            print(f"{name} failed:\n{run.stderr[-2000:]}\nprinted:\n{found}\nwanted:\n{wanted}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
