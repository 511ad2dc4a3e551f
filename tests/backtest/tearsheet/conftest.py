"""Records to test with: a factory that fills in what a test does not care about."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from backtest.tearsheet import FILLS, FLOWS, MARKS, OTHER_CASH, SPLITS, RunRecord

START = datetime(2020, 1, 1, 21, tzinfo=UTC)
Factory = Callable[..., RunRecord]


def table(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    columns = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(schema)]
    return pa.Table.from_arrays(columns, schema=schema)


def build(
    equity: Sequence[Any] = (),
    *,
    fills: Sequence[tuple[int, str, str, str, str]] = (),
    other: Sequence[tuple[int, str, str]] = (),
    flows: Sequence[tuple[int, str]] = (),
    splits: Sequence[tuple[int, str, str, int]] = (),
    moments: Sequence[datetime] | None = None,
    step: timedelta = timedelta(days=1),
    initial: str = "100",
    exposure: float = 1.0,
    **more: Any,
) -> RunRecord:
    """``fills`` are (step, symbol, quantity, price, fee), ``other`` (step, kind, amount), ``flows`` (step, amount).

    ``splits`` are (step, symbol, position afterwards, fills of the symbol before); marks are a step apart.
    """
    times = [START + i * step for i in range(len(equity))] if moments is None else moments
    marks = [
        (ts, Decimal(str(value)).quantize(Decimal("1e-8")), exposure, exposure)
        for ts, value in zip(times, equity, strict=True)
    ]
    trades = [
        (START + i * step, symbol, Decimal(q), Decimal(p), Decimal(q) * Decimal(p), Decimal(fee), Decimal("0.5"))
        for i, symbol, q, p, fee in fills
    ]
    bookings = [(START + i * step, kind, Decimal(amount)) for i, kind, amount in other]
    given = {"title": "sample", "settings": {"digest": "abc"}, "currency": "EUR"} | more
    return RunRecord(
        initial_cash=Decimal(initial),
        marks=table(marks, MARKS),
        fills=table(trades, FILLS),
        other_cash=table(bookings, OTHER_CASH),
        splits=table([(START + i * step, symbol, Decimal(q), n) for i, symbol, q, n in splits], SPLITS),
        flows=table([(START + i * step, Decimal(amount)) for i, amount in flows], FLOWS),
        **given,
    )


@pytest.fixture(scope="session")
def make() -> Factory:
    return build


@pytest.fixture(scope="session")
def walk(make: Factory) -> RunRecord:
    """Three years of weekdays, seeded, with a benchmark that the run follows at half the size."""
    random = np.random.default_rng(11)
    days = np.busday_offset("2019-01-01", np.arange(756), roll="forward").astype("datetime64[s]").tolist()
    theirs = random.normal(0.0006, 0.011, 756)
    ours = 0.5 * theirs + random.normal(0.0002, 0.004, 756)
    moments = [day.replace(hour=21, tzinfo=UTC) for day in days]
    closes = 50 * np.cumprod(1 + theirs)
    benchmark = pa.table({"ts": pa.array(moments, pa.timestamp("us", "UTC")), "close": closes})
    return make(100 * np.cumprod(1 + ours), moments=moments, benchmark=benchmark, trials=12)
