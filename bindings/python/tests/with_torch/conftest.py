# SPDX-License-Identifier: Apache-2.0
"""Without PyTorch every file of this folder is reported as skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

try:
    # This folder's own name makes it a namespace package, which has no submodule nn.
    import torch.nn as _  # noqa: F401
except ImportError:

    class WithoutTorch(pytest.Module):
        """A file that is not imported."""

        def collect(self) -> Any:
            pytest.skip("PyTorch is not installed", allow_module_level=True)

    def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> pytest.Module:
        return WithoutTorch.from_parent(parent, path=module_path)
