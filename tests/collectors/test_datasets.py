"""The default data sets: golden facts about their content, and rules that every one of them keeps."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import isclose

import exchange_calendars
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from collectors.dataset import Context
from collectors.registry import DATASETS, dataset, default_datasets
from collectors.samples import sample
from collectors.shape import columns_of, make_batch, shortest_float32
from collectors.unpack import gunzip
from collectors.us_indices_daily import wti_published
from collectors.us_macro_monthly import release_lags
from warehouse.batch import Batch
from warehouse.schema import table
from zeno.clock import ManualClock
from zeno.errors import ConfigError, ContractError
from zeno.settings import Settings

ROWS = {
    "instruments": {"ref.instruments": 72, "ref.symbols": 173},
    "exchange_calendars": {"ref.calendar": 43164},
    "emini_trades": {"raw.trades": 500_000},
    "btcusd_orders": {"raw.book_events": 314_057, "raw.trades": 284},
    "us_equities_daily": {"raw.bars": 166_260},
    "sp500_index_daily": {"raw.bars": 8313},
    "us_tech_daily": {"raw.bars": 16_194},
    "us_indices_daily": {"raw.bars": 19_642},
    "ecb_fx_daily": {"raw.bars": 221_702},
    "us_macro_monthly": {"raw.macro": 56_205},
    "us_credit_and_factors_monthly": {"raw.macro": 7579},
    "frbny_nowcast_vintages": {"raw.macro": 17_329},
    "bls_cpi": {"raw.macro": 1_692_467},
    "weekly_claims": {"raw.alt": 1772},
    "sp500_membership": {"ref.membership": 1521},
    "nber_turning_points": {"ref.turning_points": 26},
    "lm_lexicon": {"ref.lexicon": 4218},
}


@cache
def batches(name: str) -> tuple[Batch, ...]:
    clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
    return tuple(dataset(name).read(Context(settings=Settings.from_env(), clock=clock)))


def rows(name: str, wanted: str, **equal: str) -> pa.Table:
    data = pa.concat_tables([batch.data for batch in batches(name) if batch.table == wanted])
    for column, value in equal.items():
        data = data.filter(pc.equal(data[column], value))
    return data


def macro(name: str, series: str) -> pd.Series:
    data = rows(name, "raw.macro", series=series)
    return pd.Series(data["value"].to_numpy(), index=pd.DatetimeIndex(data["period"].to_pandas())).sort_index()


def bars(name: str, symbol: str) -> list[dict]:
    # Batch by batch: prices are text in one and absent in the next.
    return [
        row for batch in batches(name) for row in batch.data.filter(pc.equal(batch.data["symbol"], symbol)).to_pylist()
    ]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_delivers_the_declared_columns_and_all_its_rows(name):
    counted: dict[str, int] = {}
    for batch in batches(name):
        assert batch.source == name
        assert batch.unreadable == ()
        assert batch.data.column_names == list(columns_of(table(batch.table)))
        assert batch.namespace == (
            name if "instrument_id" in table(batch.table).by_name and name != "instruments" else ""
        )
        for column in table(batch.table).columns:
            if column.name in batch.data.column_names and not column.nullable:
                assert batch.data[column.name].null_count == 0, column.name
        counted[batch.table] = counted.get(batch.table, 0) + batch.data.num_rows
    assert counted == ROWS[name]
    assert set(counted) == set(dataset(name).tables)


def test_every_symbol_of_a_set_means_an_instrument_and_ids_are_unique():
    ids = rows("instruments", "ref.instruments")["instrument_id"].to_pylist()
    assert len(set(ids)) == 72
    symbols = rows("instruments", "ref.symbols").to_pylist()
    assert {row["instrument_id"] for row in symbols} == set(ids)
    known = {(row["namespace"], row["symbol"]) for row in symbols}
    for name in DATASETS:
        for batch in batches(name):
            if batch.namespace:
                named = {(name, symbol) for symbol in pc.unique(batch.data["symbol"]).to_pylist()}
                assert named <= known


def test_symbols_over_time_point_at_one_instrument():
    by_key = {}
    for row in rows("instruments", "ref.symbols").to_pylist():
        by_key.setdefault((row["namespace"], row["symbol"]), []).append(row)
    assert (
        by_key["us_tech_daily", "AAPL"][0]["instrument_id"] == by_key["us_equities_daily", "AAPL"][0]["instrument_id"]
    )
    (old,), (new,) = by_key["exchange", "FB"], by_key["exchange", "META"]
    assert old["instrument_id"] == new["instrument_id"] == by_key["us_tech_daily", "META"][0]["instrument_id"]
    assert (old["valid_to"], new["valid_from"], new["valid_to"]) == (date(2022, 6, 9),) * 2 + (date(2299, 12, 31),)


def test_instruments_load_first_and_the_default_run_needs_no_service():
    assert next(iter(DATASETS)) == "instruments"
    assert [entry.name for entry in default_datasets()] == list(ROWS)
    with pytest.raises(ConfigError, match="Data sets: instruments"):
        dataset("nothing")


def test_emini_trades_start_at_the_sunday_open_in_utc_and_keep_their_order():
    data = rows("emini_trades", "raw.trades")
    first, last = data.slice(0, 1).to_pylist()[0], data.slice(499_999, 1).to_pylist()[0]
    assert (first["ts"], first["price"], first["size"], first["ord"]) == (
        utc("2013-09-01 22:00:00.083"),
        "1640.25",
        "8",
        0,
    )
    assert (last["ts"], last["price"], last["ord"]) == (utc("2013-09-03 18:51:44.578"), "1631.25", 499_999)
    assert np.all(np.diff(data["ts"].cast(pa.int64()).to_numpy()) >= 0)
    ticks = pc.cast(data["price"], pa.float64()).to_numpy() * 4
    assert np.array_equal(ticks, np.round(ticks))


def test_btcusd_keeps_both_stamps_and_every_size_exactly():
    orders = rows("btcusd_orders", "raw.book_events")
    first = orders.slice(0, 1).to_pylist()[0]
    assert (first["ts"], first["known_lag_us"], first["action"]) == (
        utc("2026-05-02 02:36:20.521"),
        2_680_000,
        "created",
    )
    assert (first["order_id"], first["size"]) == (2002347637329922, Decimal("1.53453667"))
    lags = orders["known_lag_us"].to_numpy()
    assert (lags.min(), lags.max()) == (0, 2_680_000)
    assert pc.min(orders["size"]).as_py() == 0
    assert pc.sum(pc.equal(orders["price"], "0.0")).as_py() == 49
    trade = rows("btcusd_orders", "raw.trades").slice(0, 1).to_pylist()[0]
    assert (trade["ord"], trade["price"], trade["size"], trade["side"], trade["known_lag_us"]) == (
        568694537, "78319.0", Decimal("0.12100000"), "buy", 72_000)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "symbols"), [("us_equities_daily", 20), ("sp500_index_daily", 1), ("us_tech_daily", 6)]
)
def test_daily_bars_equal_the_sessions_of_new_york_exactly_and_are_known_at_their_close(name, symbols):
    data = rows(name, "raw.bars").to_pandas()
    calendar = exchange_calendars.get_calendar("XNYS", start="1990-01-01", end="2023-12-31")
    assert data["symbol"].nunique() == symbols
    for _, bars_of_one in data.groupby("symbol"):
        days = pd.DatetimeIndex(bars_of_one["ts"].dt.tz_localize(None))
        expected = calendar.closes.loc[days[0] : days[-1]]
        assert np.array_equal(days.to_numpy("M8[D]"), expected.index.to_numpy("M8[D]"))
        assert np.array_equal(bars_of_one["known_at"].to_numpy("M8[us]"), expected.to_numpy("M8[us]"))


def test_equities_have_adjusted_closes_only_and_the_index_its_close():
    apple, index = bars("us_equities_daily", "AAPL"), bars("sp500_index_daily", "SP500")
    assert (apple[0]["adj_close"], apple[-1]["adj_close"], apple[0]["close"]) == ("0.264", "125.674", None)
    assert apple[0]["ts"] == utc("1990-01-02")
    assert (index[0]["close"], index[-1]["close"], index[-1]["ts"]) == ("359.69", "3783.22", utc("2022-12-28"))
    half_day = next(row for row in index if row["ts"] == utc("2022-11-25"))
    assert half_day["known_at"] == utc("2022-11-25 18:00")


def test_prices_that_went_through_32_bits_get_their_decimals_back():
    first = bars("us_tech_daily", "META")[0]
    assert [first[name] for name in ("open", "high", "low", "close", "volume")] == [
        "27.44", "28.18", "27.42", "28.0", "69846400"]  # fmt: skip
    index = bars("us_indices_daily", "SP500")
    assert (index[0]["close"], index[-1]["close"], index[0]["volume"]) == ("1228.1", "2506.85", "877000000")
    assert len(index) == len(bars("us_indices_daily", "NASDAQ")) == 5031


def test_the_shortest_decimal_names_the_same_32_bit_float():
    prices = np.random.default_rng(7).uniform(0.01, 5000, 2000).astype(np.float32)
    short = shortest_float32(pa.array([repr(float(price)) for price in prices]))
    assert np.array_equal(np.array(short.to_pylist(), dtype=np.float32), prices)
    assert max(len(text) for text in short.to_pylist()) <= 11


def test_the_two_sources_of_the_index_agree_on_its_closes():
    ours = {row["ts"]: float(row["close"]) for row in bars("sp500_index_daily", "SP500")}
    theirs = {row["ts"]: float(row["close"]) for row in bars("us_indices_daily", "SP500")}
    assert set(theirs) <= set(ours)
    # Exactly: one source never left its decimals, the other got them back from 32-bit floats.
    assert {day: ours[day] for day in theirs} == theirs


def test_vix_and_oil_leave_days_without_a_value_out_and_are_known_when_published():
    vix, oil = bars("us_indices_daily", "VIX"), bars("us_indices_daily", "WTI")
    assert (len(vix), vix[0]["close"], vix[0]["known_at"]) == (1259, "13.76", utc("2014-01-03 21:15"))
    assert (len(oil), oil[0]["close"], oil[-1]["close"]) == (8321, "25.56", "46.92")
    week = np.arange("2018-12-10", "2018-12-15", dtype="M8[D]")  # Monday to Friday
    wednesdays = ["2018-12-12T22:00", *["2018-12-19T22:00"] * 4]
    assert np.datetime_as_string(wti_published(week), "m").tolist() == wednesdays


def test_euro_rates_have_no_row_where_nothing_was_quoted_and_are_known_at_four_in_frankfurt():
    data = rows("ecb_fx_daily", "raw.bars").to_pandas()
    counts = data["symbol"].value_counts()
    assert (len(counts), counts["EUR/USD"], counts["EUR/TRL"], counts["EUR/HRK"]) == (41, 7126, 1537, 4548)
    dollar = data[data["symbol"] == "EUR/USD"].set_index("ts")
    assert (dollar["close"].iloc[0], dollar["close"].iloc[-1]) == ("1.1172", "1.1789")  # newest first, as in the file
    assert dollar.loc[utc("2026-10-30"), "known_at"] == utc("2026-10-30 15:00")  # winter
    assert dollar.loc[utc("2026-07-01"), "known_at"] == utc("2026-07-01 14:00")  # summer
    assert data.loc[data["symbol"] == "EUR/RUB", "ts"].max() == utc("2022-03-01")


def test_unemployment_of_april_2020_is_14_7_and_was_out_in_may():
    data = rows("us_macro_monthly", "raw.macro", series="UNRATE").to_pandas().set_index("period")
    april = data.loc[date(2020, 4, 1)]
    assert (april["value"], april["released_at"], april["basis"]) == (14.7, utc("2020-05-05 23:59:59"), "usual_lag")
    assert len(release_lags()) == 69
    assert macro("us_macro_monthly", "PAYEMS")["2016-04-01"] == 143_851


def test_the_shipped_macro_file_is_the_one_whose_provenance_is_given():
    unpacked = hashlib.sha256(gunzip(sample("us_macro_monthly.csv.gz"), "sample")).hexdigest()
    assert unpacked in sample("PROVENANCE.md").decode()


@pytest.mark.parametrize("series", ["AAA", "BAA"])
def test_bond_yields_agree_between_two_sources_wherever_both_exist(series):
    ours, theirs = macro("us_macro_monthly", series), macro("us_credit_and_factors_monthly", series)
    both = ours.index.intersection(theirs.index)
    assert len(both) == len(theirs) == 1200
    assert np.array_equal(ours[both], theirs[both])


def test_factors_are_dated_by_year_and_month():
    market = macro("us_credit_and_factors_monthly", "Mkt-RF")
    assert (market.index[0], market.iloc[0], market.index[-1]) == (
        pd.Timestamp("1926-07-01"),
        2.96,
        pd.Timestamp("2018-11-01"),
    )
    assert macro("us_credit_and_factors_monthly", "CPILFESL").iloc[-1] == 259.481


def test_payrolls_of_april_2016_were_revised_between_the_two_vintages():
    data = rows("frbny_nowcast_vintages", "raw.macro", series="PAYEMS").to_pandas()
    april = data[data["period"] == date(2016, 4, 1)]
    assert dict(zip(april["released_at"], april["value"], strict=True)) == {
        utc("2016-06-29 23:59:59"): 143_856, utc("2016-07-29 23:59:59"): 143_877}  # fmt: skip
    assert set(data["basis"]) == {"vintage"}


def test_quarterly_series_have_the_first_day_of_their_quarter():
    data = rows("frbny_nowcast_vintages", "raw.macro").to_pandas()
    quarterly = data[data["frequency"] == "Q"]
    assert set(quarterly["series"]) == {"GDPC1", "ULCNFB", "A261RX1Q020SBEA"}
    assert {day.month for day in quarterly["period"]} == {1, 4, 7, 10}
    gdp = quarterly[quarterly["series"] == "GDPC1"]
    assert (gdp["period"].min(), gdp["value"].iloc[0], gdp["period"].max()) == (
        date(1985, 1, 1),
        7469.5,
        date(2016, 4, 1),
    )
    assert data["series"].nunique() == 29


def test_17_of_the_29_series_were_revised_between_the_vintages():
    data = rows("frbny_nowcast_vintages", "raw.macro").to_pandas()
    wide = data.pivot_table(index=["series", "period"], columns="released_at", values="value").dropna()
    changed = wide[wide.iloc[:, 0] != wide.iloc[:, 1]]
    assert changed.index.get_level_values("series").nunique() == 17


def test_consumer_prices_have_months_half_years_and_years_and_no_october_2025():
    every = rows("bls_cpi", "raw.macro")
    counts = {entry["values"]: entry["counts"] for entry in every["frequency"].value_counts().to_pylist()}
    assert counts == {"M": 1_357_132, "S": 146_595, "A": 188_740}
    assert max(batch.data.num_rows for batch in batches("bls_cpi")) == 250_000
    index = every.filter(
        pc.and_(pc.equal(every["series"], "CUSR0000SA0"), pc.equal(every["frequency"], "M"))
    ).to_pandas()
    index = index.set_index("period")
    assert (index.index.max(), index.loc[date(2026, 8, 1), "value"]) == (date(2026, 8, 1), 334.131)
    assert date(2025, 10, 1) not in index.index
    assert index.loc[date(2025, 9, 1), "released_at"] == utc("2025-10-24 23:59:59")
    assert index.loc[date(2026, 2, 1), "released_at"] == utc("2026-03-15 23:59:59")


def test_half_years_and_years_of_consumer_prices_start_where_they_should():
    every = rows("bls_cpi", "raw.macro", series="CUUS0000SA0").to_pandas()
    year = every[every["period"].map(lambda day: day.year) == 2024]
    assert sorted(zip(year["frequency"], year["period"], strict=True))[:1] == [("A", date(2024, 1, 1))]
    halves = year[year["frequency"] == "S"].sort_values("period")
    assert halves["period"].tolist() == [date(2024, 1, 1), date(2024, 7, 1)]
    assert halves["released_at"].tolist() == [utc("2024-07-15 23:59:59"), utc("2025-01-15 23:59:59")]


def test_shipped_cpi_agrees_with_the_statistics_bureau_before_seasonal_revision():
    # Only the last five years of seasonally adjusted data are ever revised.
    ours = macro("us_macro_monthly", "CPIAUCSL")["1997":"2015"]
    theirs = rows("bls_cpi", "raw.macro", series="CUSR0000SA0", frequency="M").to_pandas().set_index("period")["value"]
    theirs.index = pd.DatetimeIndex(theirs.index)
    theirs = theirs.sort_index()
    assert np.allclose(ours, theirs["1997":"2015"], rtol=1e-9, atol=0)


def test_claims_and_searches_of_one_row_are_different_weeks_known_at_different_times():
    claims = rows("weekly_claims", "raw.alt", metric="initial_claims").to_pandas().set_index("ts")
    sandy = claims.loc[utc("2012-11-04")]  # the week of Sunday 4th to Saturday 10th November
    assert (sandy["value"], sandy["known_at"]) == (478_551, utc("2012-11-15 13:30"))
    assert claims.loc[utc("2018-06-17"), "known_at"] == utc("2018-06-28 12:30")
    searches = rows("weekly_claims", "raw.alt", metric="trends_filling").to_pandas().set_index("ts")
    assert searches.loc[utc("2012-11-18"), "known_at"] == utc("2012-11-26 23:59:59")
    assert set(claims["entity"]) == {"US"}


def test_membership_replays_without_contradiction_to_503_members():
    members: set[str] = set()
    for row in rows("sp500_membership", "ref.membership").to_pylist():
        assert (row["symbol"] in members) == (row["action"] == "removed"), row
        members ^= {row["symbol"]}
        if row["day"] == date(2004, 12, 30):
            assert row["reason"].startswith("seed")
    assert len(members) == 503
    assert {"AAPL", "MSFT", "HONA"} <= members
    assert "CAG" not in members


def test_the_word_list_has_2355_negative_and_354_positive_words():
    data = rows("lm_lexicon", "ref.lexicon").to_pandas()
    counts = data["category"].value_counts().to_dict()
    assert counts == {"negative": 2355, "positive": 354, "uncertainty": 297, "litigious": 904, "constraining": 184,
                      "superfluous": 56, "interesting": 68}  # fmt: skip
    assert (data["since"].min(), data["since"].max()) == (2009, 2018)


def test_turning_points_are_known_when_announced_and_otherwise_a_year_later():
    data = rows("nber_turning_points", "ref.turning_points").to_pandas().set_index("month")
    assert data.loc[date(2007, 12, 1), "known_at"] == utc("2008-12-01 23:59:59")
    assert tuple(data.loc[date(1945, 2, 1), ["kind", "basis", "known_at"]]) == (
        "peak",
        "usual_lag",
        utc("1946-02-28 23:59:59"),
    )
    assert (data["basis"] == "announced").sum() == 12
    assert list(data["kind"]) == ["peak", "trough"] * 13
    assert data.index.is_monotonic_increasing
    assert (data["known_at"] > pd.to_datetime(data.index, utc=True)).all()


def test_calendars_know_half_days_and_end_with_next_year():
    new_york = rows("exchange_calendars", "ref.calendar", calendar="XNYS").to_pandas().set_index("session")
    assert (new_york.index.min(), new_york.index.max()) == (date(1990, 1, 2), date(2027, 12, 31))
    day = new_york.loc[date(2022, 11, 25)]
    assert (day["opens_at"], day["closes_at"]) == (utc("2022-11-25 14:30"), utc("2022-11-25 18:00"))
    used = set(rows("instruments", "ref.instruments")["calendar"].to_pylist())
    assert used == set(rows("exchange_calendars", "ref.calendar")["calendar"].to_pylist())


def test_nothing_is_known_before_it_happened():
    for name in ROWS:
        for batch in batches(name):
            for event, known in (("ts", "known_at"), ("period", "released_at")):
                if known in batch.data.column_names and event in batch.data.column_names:
                    happened = pc.cast(batch.data[event], pa.timestamp("us", "UTC"))
                    assert pc.all(pc.greater(batch.data[known], happened)).as_py(), name


@pytest.mark.parametrize("name", ["us_indices_daily", "frbny_nowcast_vintages", "btcusd_orders"])
def test_reading_twice_gives_the_same_batches(name):
    first = batches(name)
    batches.cache_clear()
    assert all(a.data.equals(b.data) for a, b in zip(first, batches(name), strict=True))


def test_a_batch_with_a_missing_or_unknown_column_is_refused():
    with pytest.raises(ContractError, match=r"missing: \['ord'.*unknown: \['colour'\]"):
        make_batch("raw.trades", "x", {"symbol": "A", "ts": np.array([], "M8[us]"), "colour": "red"})


def test_the_yield_curve_and_recessions_together_give_the_published_signal():
    spread = macro("us_macro_monthly", "GS10") - macro("us_macro_monthly", "TB3MS")
    spread = spread.dropna()
    assert (len(spread), spread.index[0], spread.index[-1]) == (
        834,
        pd.Timestamp("1953-04-01"),
        pd.Timestamp("2022-09-01"),
    )
    assert isclose(spread["2000-12-01"], -0.53, abs_tol=1e-6)
    assert spread.index[-1] - spread.index[0] > timedelta(days=69 * 365)
