"""Fixtures that all suites share: a real warehouse in a temporary folder, emptied between tests."""

from collections.abc import Iterator

import hypothesis
import pytest
from builders import NOW, empty, make_settings, register
from xdist.scheduler import LoadFileScheduling

from warehouse.loader import Loader
from warehouse.store import Warehouse, connect, embedded
from zeno.clock import ManualClock

# How long an example takes is no property of the code: a busy machine would fail the test.
hypothesis.settings.register_profile("zeno", deadline=None)
hypothesis.settings.load_profile("zeno")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes: no worker should come to the last of them alone."""
    long = {item.path for item in items if item.get_closest_marker("kill") or item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


class _ByData(LoadFileScheduling):
    """A file on one worker, and on the same one all files that read the same loaded warehouses."""

    _TOGETHER = "tests/research/test_sources"

    def _split_scope(self, nodeid: str) -> str:
        return self._TOGETHER if nodeid.startswith(self._TOGETHER) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Replace ``--dist=loadfile``."""
    return _ByData(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """One single-node warehouse for the whole session."""
    settings = make_settings(tmp_path_factory.mktemp("zeno"))
    yield connect(settings)
    embedded(settings).down()


@pytest.fixture
def warehouse(running: Warehouse) -> Warehouse:
    """The session's warehouse, with nothing in it."""
    empty(running)
    return running


@pytest.fixture
def loader(warehouse: Warehouse) -> Loader:
    """A loader into an empty warehouse that knows two instruments: ES (7) and AAA (8)."""
    made = Loader(warehouse, clock=ManualClock(NOW, tick=0.001), patience=30)
    register(made)
    return made
