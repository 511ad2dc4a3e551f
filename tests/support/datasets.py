"""Data sets that tests make."""

from collections.abc import Callable, Iterator

from collectors.dataset import Context, Dataset
from warehouse.batch import Batch


def make_dataset(
    name: str, *batches: Batch, online: bool = False, read: Callable[[Context], Iterator[Batch]] | None = None
) -> Dataset:
    """Return a data set that yields these batches."""
    tables = tuple(dict.fromkeys(batch.table for batch in batches)) or ("raw.trades",)
    return Dataset(name=name, tables=tables, title=f"Test set {name}", description="Made up.", origin="here",
                   read=read or (lambda _context: iter(batches)), online=online)  # fmt: skip
