"""Correlation ids, structured logs: what ties one command's work together across components.

A correlation id is set once, by the command line or by a Dagster run, and travels with every log line, every
warehouse query (as ``log_comment``) and every ledger row. Metrics that are read from the warehouse are in
``warehouse.status``.
"""

import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

_CORRELATION: ContextVar[str] = ContextVar("correlation", default="")
_STANDARD_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def correlation_id() -> str:
    """Return the id of the work in progress, or "" outside any."""
    return _CORRELATION.get()


@contextmanager
def correlated(identifier: str | None = None) -> Iterator[str]:
    """Give everything inside one id: the given one, the one in force, or a new one."""
    chosen = identifier or correlation_id() or uuid.uuid4().hex[:16]
    token = _CORRELATION.set(chosen)
    try:
        yield chosen
    finally:
        _CORRELATION.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, correlation id, and the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "correlation_id": correlation_id(),
        }
        entry |= {key: value for key, value in record.__dict__.items() if key not in _STANDARD_FIELDS}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to(folder: Path, *, level: int = logging.INFO) -> None:
    """Send the logs of Zeno's rooms to ``folder/zeno.jsonl``."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(folder / "zeno.jsonl", delay=True)
    handler.setFormatter(JsonLines())
    for room in ("zeno", "warehouse", "collectors", "assets", "cli"):
        logger = logging.getLogger(room)
        logger.setLevel(level)
        if not any(isinstance(existing, logging.FileHandler) for existing in logger.handlers):
            logger.addHandler(handler)
