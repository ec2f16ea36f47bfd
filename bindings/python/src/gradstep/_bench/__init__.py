# SPDX-License-Identifier: Apache-2.0
"""The parts of ``python -m gradstep bench``.

`cases` has what is measured. `torch_side` and `numpy_side` make the contenders of a case, `turns`
takes their times, `results` computes the figures, `table` and `plot` show them, and `result_file`
writes them. `bandwidth` measures the machine's."""
