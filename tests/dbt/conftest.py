"""A warehouse of one node for the tests of the dbt project."""

from collections.abc import Iterator

import marts
import pytest

from warehouse.store import Warehouse, embedded


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = marts.start(tmp_path_factory.mktemp("dbt"))
    yield found
    found.close()
    embedded(found.settings).down()
