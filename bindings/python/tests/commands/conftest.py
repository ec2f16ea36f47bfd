# SPDX-License-Identifier: Apache-2.0
"""What several files of tests use."""

from __future__ import annotations

import pytest
from bench_run import Run


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("bench"), "--quick")
