from datetime import timedelta

import pyarrow as pa
import pytest

from zeno.errors import ContractError


def test_every_fault_of_a_record_is_named_at_once(make):
    record = make([100, 101, 102])
    with pytest.raises(ContractError) as caught:
        make(
            [1],
            initial="0",
            benchmark=pa.table({"ts": record.marks["ts"].take([2, 0, 1]), "close": pa.array([1, 2, 3])}),
            trials=0,
            trials_sharpe_variance=float("nan"),
            idle=timedelta(days=-1),
        )
    for part in ("initial_cash", "trials counts", "variance", "idle", "benchmark is not in order",
                 "benchmark.close is int64"):  # fmt: skip
        assert part in str(caught.value)


def test_missing_columns_and_nulls_are_refused(make):
    good = make([100, 101])
    values = {"title": "x", "settings": {}, "currency": "EUR", "initial_cash": good.initial_cash}
    with pytest.raises(ContractError, match="marks has no column equity"):
        type(good)(**values, marks=good.marks.drop_columns(["equity"]))
    holes = good.marks.set_column(1, "equity", pa.nulls(2, good.marks.schema.field("equity").type))
    with pytest.raises(ContractError, match=r"marks\.equity has nulls"):
        type(good)(**values, marks=holes)


def test_another_decimal_scale_is_welcome(make):
    good = make([100, 101])
    cents = good.marks.set_column(1, "equity", good.marks["equity"].cast(pa.decimal128(20, 2)))
    record = type(good)(title="x", settings={}, currency="EUR", initial_cash=good.initial_cash, marks=cents)
    assert record.marks["equity"].type == pa.decimal128(20, 2)
