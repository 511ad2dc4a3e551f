"""Warehouses with rows, on one node and on two."""

from collections.abc import Iterator

import pytest
import source_rows

from warehouse.store import Warehouse, embedded


@pytest.fixture(scope="session", params=[1, 2], ids=["one node", "two shards"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A loaded warehouse that tests only read."""
    found = source_rows.loaded(tmp_path_factory.mktemp("sources"), request.param)
    yield found
    found.close()
    embedded(found.settings).down()
