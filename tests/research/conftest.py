"""Studies in an emptied warehouse, of a kind whose tasks do as they are told."""

import pytest
import study_kinds

from research import kinds
from research.store import StudyStore
from research.study import Studies
from warehouse.store import Warehouse


@pytest.fixture
def studies(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Studies:
    """The studies of an empty warehouse."""
    known = {**kinds.kinds(), "probe": study_kinds.Probe()}
    monkeypatch.setattr(kinds, "kinds", lambda: known)
    return Studies(StudyStore(warehouse), warehouse.settings)
