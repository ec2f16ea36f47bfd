# SPDX-License-Identifier: Apache-2.0
"""The example that trains a network three ways."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import SOURCE

pytest.importorskip("torch")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "train_three_ways.py"


@pytest.mark.parametrize("is_copied", [False, True], ids=["digits", "random points"])
def test_all_three_ways_learn_and_8bit_state_is_small(tmp_path: Path, is_copied: bool) -> None:
    program = EXAMPLE
    if is_copied:  # where there is no file of digits
        program = tmp_path / EXAMPLE.name
        program.write_bytes(EXAMPLE.read_bytes())
    paths = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH", "")]))
    result = subprocess.run(
        [sys.executable, str(program), "--epochs", "3"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        cwd=tmp_path,
        check=True,
        timeout=600,
    )
    assert ("clusters" if is_copied else "handwritten") in result.stdout
    rows = {
        line[:22].strip(): [float(cell.rstrip("%")) for cell in line[22:].split()[:4]]
        for line in result.stdout.splitlines()
        if line.endswith(" bytes")
    }
    theirs, ours, narrow = (
        rows[name] for name in ("torch.optim.AdamW", "gradstep AdamW", "gradstep AdamW, 8bit")
    )
    for first, last, right, _ in rows.values():
        assert last < first
        assert right > 50
    assert ours[:2] == pytest.approx(theirs[:2], rel=1e-2)
    assert ours[3] == theirs[3]
    assert narrow[3] < 0.35 * theirs[3]
