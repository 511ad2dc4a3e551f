"""Studies in an emptied warehouse, and warehouses with rows to read, on one node and on two."""

from collections.abc import Iterator

import pytest
import source_rows
import study_kinds

from research import kinds
from research.store import StudyStore
from research.study import Studies
from warehouse.store import Warehouse, embedded


@pytest.fixture
def studies(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Studies:
    """The studies of an empty warehouse; kinds of tests are known."""
    known = {**kinds.kinds(), "probe": study_kinds.Probe()}
    monkeypatch.setattr(kinds, "kinds", lambda: known)
    return Studies(StudyStore(warehouse), warehouse.settings)


@pytest.fixture(scope="session", params=[1, 2], ids=["one node", "two shards"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A loaded warehouse that tests only read."""
    found = source_rows.loaded(tmp_path_factory.mktemp("sources"), request.param)
    yield found
    found.close()
    embedded(found.settings).down()
