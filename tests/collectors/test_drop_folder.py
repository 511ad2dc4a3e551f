"""The drop folder: good rows through, bad rows and bad files set aside, nothing lost (I11, I12, I13, I24, T03)."""

import gzip
import os
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors import csvtext, drop_folder, unpack
from collectors.drop_folder import pending, read_file, settle
from zeno.clock import ManualClock
from zeno.errors import SourceRejected

HEADER = "symbol,ts,ord,price,size,side\n"
GOOD = "ES,2024-01-02T14:30:00.000001Z,1,4700.25,3,buy\n"
BARS = "symbol,resolution,ts,close\n"


def drop(folder: Path, content: str | bytes, name: str = "x.csv", table: str = "raw.trades") -> Path:
    path = folder / table / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(path: Path):
    (batch,) = read_file(path)
    return batch


def refused_whole(path: Path) -> str:
    batch = only(path)
    assert batch.data.num_rows == 0
    (rejection,) = batch.unreadable
    assert (rejection.row, rejection.reason) == (-1, "unreadable_file")
    return rejection.detail


def test_a_csv_file_becomes_a_batch_in_the_declared_columns(tmp_path):
    batch = only(drop(tmp_path, HEADER + GOOD))
    assert (batch.table, batch.source, batch.namespace) == ("raw.trades", "drop", "drop")
    assert batch.data.to_pylist() == [{
        "symbol": "ES", "ts": datetime(2024, 1, 2, 14, 30, 0, 1, UTC), "ord": "1", "price": "4700.25", "size": "3",
        "side": "buy", "known_lag_us": 0,
    }]  # fmt: skip


@pytest.mark.parametrize("content", ["\ufeff" + HEADER + GOOD, (HEADER + GOOD).replace("\n", "\r\n"),
                                     HEADER + "\n" + GOOD + "\n\n", (HEADER + GOOD).rstrip("\n")])  # fmt: skip
def test_byte_order_marks_line_ends_and_blank_lines_change_nothing(tmp_path, content):
    batch = only(drop(tmp_path, content))
    assert batch.data.equals(only(drop(tmp_path, HEADER + GOOD, "y.csv")).data)
    assert batch.unreadable == ()


def test_malformed_lines_are_refused_with_their_line_and_text_and_the_rest_is_kept_i11(tmp_path):
    lines = [
        GOOD,
        'ES,"2024-01-02T14:30:00Z,2,1,1,buy\n',
        "ES,2024-01-02T14:30:00Z,3,4700,25,1,buy\n",
        "ES,short\n",
        GOOD,
    ]
    batch = only(drop(tmp_path, HEADER + "".join(lines)))
    assert batch.data.num_rows == 2
    assert [(r.row, r.reason) for r in batch.unreadable] == [
        (1, "unbalanced_quotes"), (2, "field_count"), (3, "field_count"),
    ]  # fmt: skip
    assert "line 4: 7 fields where the header has 6" in batch.unreadable[1].detail
    assert batch.unreadable[2].payload == "ES,short"
    assert batch.rows_in == 5


def test_a_stray_quote_costs_its_line_and_no_other_i11(tmp_path):
    bad = 'ES"x,"2013-09-04T14:30:00Z,1,1,1,buy\n'
    batch = only(drop(tmp_path, HEADER + bad + GOOD * 3))
    assert batch.data.num_rows == 3
    assert [(r.row, r.reason, r.payload) for r in batch.unreadable] == [(0, "unbalanced_quotes", bad.strip())]
    assert batch.rows_in == 4


@pytest.mark.parametrize("line", ['ES,"a\rb",1,1,1,buy\n', "ES,2024-01-02\rT14:30:00Z,1,1,1,buy\n", "ES,x\r\r\n"])
def test_a_carriage_return_within_a_line_costs_that_line_i11(tmp_path, line):
    batch = only(drop(tmp_path, HEADER + GOOD.replace(",buy", ',"buy"') + line + GOOD))
    assert batch.data["side"].to_pylist() == ["buy", "buy"]
    assert [(r.row, r.reason) for r in batch.unreadable] == [(1, "carriage_return")]


def test_every_line_is_a_row_or_a_rejection_whatever_its_quotes_i11(tmp_path):
    parts = ['"', '"', '""', ",", "a", "\r", "\n", "\r\n"]
    chance = random.Random(1)
    for _ in range(500):
        lines = "".join(chance.choices(parts, k=40)).split("\n")
        rows = csvtext.read_text(("x,y\n" + "\n".join(lines)).encode(), "x")
        assert rows.data.num_rows + len(rows.unreadable) == sum(line.strip() != "" for line in lines), lines
        for position, row in zip(rows.positions, rows.data.to_pylist(), strict=True):
            alone = csvtext.read_text(f"x,y\n{lines[position]}\n".encode(), "x")
            assert alone.data.to_pylist() == [row], "a line is read the same among others and alone"


def test_a_quoted_decimal_comma_reaches_the_contract_as_it_came_i11(tmp_path):
    batch = only(drop(tmp_path, HEADER + 'ES,2024-01-02T14:30:00Z,1,"4700,25",3,buy\n'))
    assert batch.data["price"].to_pylist() == ["4700,25"]


def test_a_long_or_look_alike_symbol_reaches_the_contract_as_it_came_i24(tmp_path):
    batch = only(drop(tmp_path, HEADER + GOOD.replace("ES", "E" * 10_000) + GOOD.replace("ES", "\u0415S")))
    assert batch.data["symbol"].to_pylist() == ["E" * 10_000, "\u0415S"]


def test_rows_without_a_valid_time_are_refused_one_by_one(tmp_path):
    bad = GOOD.replace("2024-01-02", "2024-02-30")
    naive = GOOD.replace("Z", "")
    batch = only(drop(tmp_path, HEADER + GOOD + "oops\n" + bad + naive + GOOD))
    assert batch.data.num_rows == 2
    assert [(r.row, r.reason) for r in batch.unreadable] == [(1, "field_count"), (2, "not_a_time"), (3, "not_a_time")]
    assert "line 4: ts: no such date" in batch.unreadable[1].detail
    assert '"2024-02-30T14:30:00.000001Z"' in batch.unreadable[1].payload


def test_a_leap_second_is_clamped_t03(tmp_path):
    batch = only(drop(tmp_path, HEADER + GOOD.replace("2024-01-02T14:30:00.000001", "2016-12-31T23:59:60.5")))
    assert batch.data["ts"].to_pylist() == [datetime(2016, 12, 31, 23, 59, 59, 999999, UTC)]


def test_a_lag_follows_from_known_at(tmp_path):
    content = "symbol,ts,ord,price,size,side,known_at\nES,2024-01-02T14:30:00Z,1,4700,3,buy,2024-01-02T14:30:00.25Z\n"
    assert only(drop(tmp_path, content)).data["known_lag_us"].to_pylist() == [250_000]


def test_a_bar_is_known_at_its_end_unless_the_file_says_otherwise(tmp_path):
    rows = "ES,1m,2024-01-02T14:30:00Z,1\nES,1d,2024-01-02T00:00:00Z,\nES,7d,2024-01-02T00:00:00Z,2\n"
    data = only(drop(tmp_path, BARS + rows, table="raw.bars")).data
    assert data["known_at"].to_pylist() == [
        datetime(2024, 1, 2, 14, 31, tzinfo=UTC),
        datetime(2024, 1, 3, tzinfo=UTC),
        None,
    ]
    assert data["close"].to_pylist() == ["1", None, "2"]
    assert data["open"].null_count == 3


@pytest.mark.parametrize(("content", "says"), [
    (HEADER + "ES,\x00\n", "NUL"), ((HEADER + GOOD).encode() + b"\xff\xfe\n", "not UTF-8"), ("", "is empty"),
    ("symbol,ts\n", "columns missing: ['ord'"), (HEADER.strip() + ",colour\n", "unknown: ['colour']"),
    ("symbol,symbol\n", "no usable header"), ("symbol,ts\rES,x\r", "no usable header"),
    (HEADER + "x" * (csvtext.BLOCK_BYTES + 1), "has a line above"),
    (b"PK\x03\x04 no text \x00", "NUL"),
])  # fmt: skip
def test_an_unreadable_csv_file_becomes_one_rejection_i11(tmp_path, content, says):
    path = drop(tmp_path, content)
    assert says in refused_whole(path)
    assert "\x00" not in only(path).unreadable[0].payload


def test_gzip_is_unfolded_and_damage_refuses_the_whole_file_i13(tmp_path):
    packed = gzip.compress((HEADER + GOOD).encode())
    assert only(drop(tmp_path, packed, "x.csv.gz")).data.num_rows == 1
    assert "cut off" in refused_whole(drop(tmp_path, packed[:-6], "cut.csv.gz"))
    assert "not intact" in refused_whole(drop(tmp_path, b"plain text", "no.csv.gz"))
    assert "to one" in refused_whole(drop(tmp_path, gzip.compress(bytes(32 * 2**20)), "bomb.csv.gz"))


def test_a_file_that_is_bad_at_its_end_hands_on_nothing_of_its_beginning_i11(tmp_path, monkeypatch):
    monkeypatch.setattr(drop_folder, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(unpack, "_CHUNK", 1000)
    assert "NUL" in refused_whole(drop(tmp_path, HEADER + GOOD * 100 + "\x00\n"))


def test_a_large_file_comes_in_blocks_and_loses_no_row(tmp_path):
    text = (HEADER + "".join(GOOD.replace(",1,", f",{n},") for n in range(1000)) + "bad\n").encode()
    blocks = list(csvtext.stream_text([text[i : i + 777] for i in range(0, len(text), 777)], "x", block_bytes=5000))
    assert len(blocks) > 5
    assert [order for block in blocks for order in block.data["ord"].to_pylist()] == [str(n) for n in range(1000)]
    assert blocks[-1].unreadable[0].detail.startswith("line 1002: ")


def parquet(path: Path, **columns) -> Path:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def trade_columns(rows: int, ts: pa.Array) -> dict:
    return {"symbol": ["ES"] * rows, "ts": ts, "ord": pa.array(range(rows), pa.uint64()),
            "price": pa.array([Decimal("4700.25")] * rows), "size": pa.array([1] * rows),
            "side": ["buy"] * rows}  # fmt: skip


def test_a_parquet_file_comes_in_bounded_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(drop_folder, "PARQUET_ROWS", 400)
    times = pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 1000, pa.timestamp("ns", "America/New_York"))
    batches = list(read_file(parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(1000, times))))
    assert [batch.data.num_rows for batch in batches] == [400, 400, 200]
    assert batches[0].data.schema.field("ts").type == pa.timestamp("us", "UTC")
    assert batches[2].data["ord"].to_pylist() == list(range(800, 1000))


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.int64()])
def test_a_parquet_time_without_unit_or_zone_is_not_guessed(tmp_path, kind):
    times = pa.array([1_700_000_000_000_000], pa.int64()).cast(kind)
    assert "guess" in refused_whole(parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(1, times)))


def times(*micros: int | None, unit: str = "us") -> pa.Array:
    return pa.array(micros, pa.timestamp(unit, "UTC"))


def test_a_time_that_does_not_fit_leaves_its_column_to_the_contract_i12(tmp_path, monkeypatch):
    monkeypatch.setattr(drop_folder, "PARQUET_ROWS", 2)
    ts = times(1000, 2000, 3000, 3001, unit="ns")
    first, second = read_file(parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(4, ts)))
    assert (first.unreadable, second.unreadable) == ((), ())
    assert second.data["ts"].type == pa.timestamp("ns", "UTC"), "the contract refuses nanoseconds row by row"


def test_a_time_beyond_every_calendar_costs_its_row_i12(tmp_path):
    ts = times(1_700_000_000_000, 2**62, unit="ms")
    batch = only(parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(2, ts)))
    assert batch.data["ord"].to_pylist() == [0]
    assert [(r.row, r.reason) for r in batch.unreadable] == [(1, "not_a_time")]


@pytest.mark.parametrize(("unit", "bad"), [("us", None), ("ns", 3001), ("ms", 2**62)])
def test_a_lag_that_cannot_be_told_costs_its_row_i12(tmp_path, monkeypatch, unit, bad):
    monkeypatch.setattr(drop_folder, "PARQUET_ROWS", 2)
    known = times(1_000_000, 2_000_000, 3_000_000, bad, unit=unit)
    columns = trade_columns(4, times(1, 2, 3, 4)) | {"known_at": known}
    batches = list(read_file(parquet(tmp_path / "raw.trades" / "x.parquet", **columns)))
    assert [batch.data.num_rows for batch in batches] == [2, 1]
    assert [(r.row, r.reason) for r in batches[1].unreadable] == [(1, "not_a_time")]
    assert "line 4: known_at: missing, or not in whole microseconds" in batches[1].unreadable[0].detail
    assert batches[0].data["known_lag_us"].type == batches[1].data["known_lag_us"].type == pa.int64()


def test_a_bar_without_a_time_has_no_end_i12(tmp_path):
    columns = {"symbol": ["ES", "ES"], "resolution": ["1m", "1m"], "ts": times(0, None), "close": ["1", "2"]}
    data = only(parquet(tmp_path / "raw.bars" / "x.parquet", **columns)).data
    assert data["known_at"].to_pylist() == [datetime(1970, 1, 1, 0, 1, tzinfo=UTC), None]


@pytest.mark.parametrize(("changes", "says"), [
    ({"symbol": [["ES"]] * 2}, "symbol is list"), ({"symbol": [1.5] * 2}, "symbol is double and must be text"),
    ({"size": [{"a": 1}] * 2}, "size is struct"), ({"known_at": [1, 2]}, "guess"), ({"colour": [1, 2]}, "colour"),
])  # fmt: skip
def test_a_parquet_file_of_the_wrong_shape_hands_on_nothing_i12(tmp_path, monkeypatch, changes, says):
    monkeypatch.setattr(drop_folder, "PARQUET_ROWS", 1)
    assert says in refused_whole(
        parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(2, times(1, 2)) | changes)
    )


def test_a_parquet_file_with_a_column_twice_hands_on_nothing_i12(tmp_path):
    data = pa.table(trade_columns(1, times(1)))
    path = tmp_path / "raw.trades" / "x.parquet"
    path.parent.mkdir()
    pq.write_table(data.append_column("symbol", data["symbol"]), path)
    assert "a column more than once: symbol" in refused_whole(path)


def test_a_damaged_parquet_file_becomes_one_rejection_i12(tmp_path):
    times = pa.array([datetime(2024, 1, 2, tzinfo=UTC)] * 5000, pa.timestamp("us", "UTC"))
    whole = parquet(tmp_path / "raw.trades" / "x.parquet", **trade_columns(5000, times)).read_bytes()
    for damaged in (whole[:-9], b"XXXX" + whole[4:-4] + b"XXXX", whole[:40], b"", b"a,b\n1,2\n"):
        assert "not an intact Parquet file" in refused_whole(drop(tmp_path, damaged, "bad.parquet"))


def test_unknown_formats_are_rejected_and_unknown_tables_refused(tmp_path):
    assert "no known format" in refused_whole(drop(tmp_path, b"x", "x.xlsx"))
    for table in ("raw.nothing", "raw.loads", "done"):
        with pytest.raises(SourceRejected, match="not a table that can be loaded"):
            list(read_file(drop(tmp_path, HEADER, table=table)))


def test_only_complete_files_are_pending(tmp_path):
    now = datetime(2030, 1, 1, tzinfo=UTC)
    ages = {"b.csv": 60, "a.csv": 60, "growing.csv": 1, "x.csv.tmp": 60, "x.part": 60, ".x.csv": 60}
    for name, age in ages.items():
        path = drop(tmp_path, HEADER, name)
        moment = (now - timedelta(seconds=age)).timestamp()
        os.utime(path, (moment, moment))
    settle(tmp_path / "raw.trades" / "b.csv", "done")
    (tmp_path / "raw.trades" / "link.csv").symlink_to(tmp_path / "raw.trades" / "a.csv")
    assert [path.name for path in pending(tmp_path, clock=ManualClock(now))] == ["a.csv"]
    assert pending(tmp_path / "absent") == []


def test_settling_moves_a_file_and_never_overwrites_another(tmp_path):
    places = [settle(drop(tmp_path, content), "done") for content in ("1", "2", "3")]
    assert [place.read_text() for place in places] == ["1", "2", "3"]
    rejected = settle(drop(tmp_path, "4"), "rejected", "not what it says")
    assert rejected == tmp_path / "raw.trades" / "rejected" / "x.csv"
    assert rejected.with_name("x.csv.reason.txt").read_text() == "not what it says\n"
    assert pending(tmp_path, quiet_seconds=0) == []
    with pytest.raises(ValueError, match="outcome"):
        settle(drop(tmp_path, "5"), "rejected")
