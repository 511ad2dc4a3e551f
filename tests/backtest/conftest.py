"""Fixtures that the engine's tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of compiled kernels for the whole session: compiling is what takes the time."""
    return tmp_path_factory.mktemp("kernels")
