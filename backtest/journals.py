"""Journals on disk: the canonical bytes, or the same rows readable as Parquet or JSON lines."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from backtest.core import events
from backtest.core.arithmetic import NONE
from backtest.placing import places
from backtest.run import Result

_WORDS = ("ts", "what", "order", "quantity", "price", "fee", "reference", "cash")


def write_journal(result: Result, path: Path) -> None:
    """Write a run's journal; the suffix says how.

    ``.parquet`` and ``.jsonl`` hold one row an event (integers in the run's units, see ``core.events``) and, at the
    end of every slice, one ``mark`` with the equity; any other file holds the canonical encoding.
    """
    record = result.session.record
    if path.suffix == ".parquet":
        pq.write_table(journal_table(result), path, compression="zstd")
    elif path.suffix == ".jsonl":
        with path.open("w") as out:
            for batch in journal_table(result).to_batches(max_chunksize=65_536):
                out.writelines(json.dumps(row, default=str, separators=(",", ":")) + "\n" for row in batch.to_pylist())
    else:
        path.write_bytes(record.encoded())


def journal_table(result: Result) -> pa.Table:
    """Return a run's journal as a table in order: ts, kind, symbol, and the words of ``core.events``."""
    record, symbols = result.session.record, result.frame.symbols
    rows, moments, equity = record.rows(), record.moments(), record.equity()
    kinds = [events.KINDS[code] for code in (rows[:, 1] & 255).tolist()] + ["mark"] * len(equity)
    named = [symbols[number] for number in (rows[:, 1] >> 8).tolist()] + [None] * len(equity)
    none = np.zeros(len(equity), np.int64)
    columns = {name: np.concatenate([rows[:, at], none]) for at, name in enumerate(_WORDS) if at > 1}
    columns["cash"] = np.concatenate([rows[:, 7], equity])
    columns |= {name: pa.array(columns[name], mask=columns[name] == NONE) for name in ("price", "reference")}
    table = pa.table({"ts": pa.array(np.concatenate([rows[:, 0], moments]), pa.timestamp("us", "UTC")),
                      "kind": kinds, "symbol": pa.array(named, pa.string()), **columns})  # fmt: skip
    known = np.searchsorted(places(result.session), np.arange(len(equity)), side="right")
    return table.take(pa.array(np.insert(np.arange(len(rows)), known, len(rows) + np.arange(len(equity)))))
