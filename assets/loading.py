"""Loading a source inside a run: every batch through the loader, the sum of what became of them, and errors in the
terms of Dagster's retries. Not here: what a batch is (``collectors``) and how it lands (``warehouse.loader``)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import dagster as dg

from warehouse.batch import Batch
from warehouse.ledger import Load
from warehouse.loader import Loader
from zeno.errors import SourceUnavailable, WarehouseDown, ZenoError

# A source that is down for a minute is waited for; one that is down for long fails the step, and the next run resumes.
RETRY = dg.RetryPolicy(max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
TRANSIENT = (SourceUnavailable, WarehouseDown)


@dataclass
class Loaded:
    """What became of one source's batches; counts are rows."""

    batches: int = 0
    rows_in: int = 0
    rows_stored: int = 0
    rows_quarantined: int = 0
    tables: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, load: Load) -> None:
        """Count one batch."""
        self.batches += 1
        self.rows_in += load.rows_in
        self.rows_stored += load.rows_stored
        self.rows_quarantined += load.rows_quarantined
        self.tables.add(load.table_name)
        self.first = min(filter(None, (self.first, load.ts_min)), default=None)
        self.last = max(filter(None, (self.last, load.ts_max)), default=None)

    def metadata(self) -> dict[str, dg.MetadataValue]:
        """Return it for the UI."""
        found: dict[str, dg.MetadataValue] = {
            "rows in": dg.MetadataValue.int(self.rows_in),
            "rows stored": dg.MetadataValue.int(self.rows_stored),
            "rows quarantined": dg.MetadataValue.int(self.rows_quarantined),
            "batches": dg.MetadataValue.int(self.batches),
            "dagster/row_count": dg.MetadataValue.int(self.rows_stored),
        }
        if self.first and self.last:
            found["first event"] = dg.MetadataValue.text(self.first.isoformat())
            found["last event"] = dg.MetadataValue.text(self.last.isoformat())
        return found


def load_all(batches: Iterable[Batch], loader: Loader) -> Loaded:
    """Load every batch, in order; the first that fails ends it, and those before it stay loaded."""
    total = Loaded()
    for batch in batches:
        total.add(loader.load(batch))
    return total


@contextmanager
def failures() -> Iterator[None]:
    """Let errors that waiting may cure be retried; fail at once, with the remedy, on every other."""
    try:
        yield
    except TRANSIENT:
        raise
    except ZenoError as error:
        raise dg.Failure(error.message, {"remedy": error.remedy or "none known"}, allow_retries=False) from error
