"""Fixtures that the engine's tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One folder of compiled kernels for all workers of a run: compiling is what takes the time."""
    base = tmp_path_factory.getbasetemp()
    return (base if worker_id == "master" else base.parent) / "kernels"
