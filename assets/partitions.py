"""Partitions, for backfills: years. Dagster keeps a record for each partition of each asset (measured: about 90 ms of
bookkeeping), so a finer grid would cost more than the work; the warehouse itself rebuilds by the day."""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from warehouse.schema.columns import EARLIEST_TICK

YEARS = dg.TimeWindowPartitionsDefinition(
    cron_schedule="0 0 1 1 *", start=date.fromisoformat(EARLIEST_TICK[:10]).strftime("%Y"), fmt="%Y", end_offset=1
)
# A backfill of many years is one run: dbt starts once, and its models walk the days.
BACKFILL = dg.BackfillPolicy.single_run()


def days_within(days: Sequence[date], first: date, last: date) -> list[date]:
    """Return the days from ``first`` to ``last``, both included.

    >>> days = [date(2012, 12, 31), date(2013, 1, 1), date(2013, 12, 31), date(2014, 1, 1)]
    >>> days_within(days, date(2013, 1, 1), date(2013, 12, 31))
    [datetime.date(2013, 1, 1), datetime.date(2013, 12, 31)]
    """
    return [day for day in days if first <= day <= last]


def years_of(first: date, last: date) -> dict[str, str]:
    """Return the run tags that say which years a run rebuilds."""
    return {
        "dagster/asset_partition_range_start": f"{first.year}",
        "dagster/asset_partition_range_end": f"{last.year}",
    }
