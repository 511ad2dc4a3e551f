"""One node over HTTP: a thin wrapper of clickhouse-connect that speaks Arrow, retries reads, and names remedies.

The rest of Zeno sees Arrow tables and Python scalars, never the driver. Every call carries the correlation id of the
command or run that made it as ClickHouse's ``log_comment``, so that ``system.query_log`` can be read by it.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any, Protocol

import clickhouse_connect  # noqa: TID251 - the one place
import pyarrow as pa
from clickhouse_connect.driver.binding import bind_query  # noqa: TID251
from clickhouse_connect.driver.client import Client as Driver  # noqa: TID251
from clickhouse_connect.driver.exceptions import (  # noqa: TID251
    ClickHouseError,
    DatabaseError,
    OperationalError,
)

from warehouse.reader import Address, Reader, Refusal
from warehouse.wire import arrow_stream
from zeno.clock import Clock, SystemClock
from zeno.errors import WarehouseDown, WarehouseError, WarehouseFull
from zeno.telemetry import correlation_id

Parameters = Mapping[str, Any]

_NO_SPACE_CODES = (":  243", "Code: 243", "NOT_ENOUGH_SPACE", "No space left on device", "errno: 28", "code 243")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_LONGEST_PARAMETERS = 4_000  # characters; proxies allow an address of 8 KiB in all
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}  # where compression costs more than it saves


class Recover(Protocol):
    """Called when a node does not answer, before the next try: the embedded warehouse starts what is down."""

    def __call__(self) -> None:
        """Bring the warehouse back if that can be done from here."""
        ...


class Client:
    """A connection to one node.

    Parameters
    ----------
    patience
        Seconds for which a call that is safe to repeat goes on trying while the node does not answer.
    """

    def __init__(
        self, address: Address, *, patience: float = 30.0, recover: Recover | None = None, clock: Clock | None = None
    ) -> None:
        self.address = address
        self._patience = patience
        self._recover = recover
        self._clock = clock or SystemClock()
        self._driver: Driver | None = None
        self._reader = Reader(address, local=address.host in _LOOPBACK)

    def arrow(self, sql: str, parameters: Parameters | None = None, settings: Parameters | None = None) -> pa.Table:
        """Return a SELECT's result. Parameters are bound by the server: write ``{name:Type}`` in the SQL."""
        bound = bind_query(sql, _bind(parameters), UTC)[1] if parameters else {}
        options = self._settings(settings)
        if "session_id" in options or sum(map(len, bound.values())) > _LONGEST_PARAMETERS:
            # A session's statements follow each other on one connection; long lists do not fit into an address.
            options |= {"output_format_arrow_low_cardinality_as_dictionary": 0}
            return self._driven(lambda d: d.query_arrow(sql, parameters=_bind(parameters), settings=options,
                                                        use_strings=True))  # fmt: skip
        return self._repeat(lambda: self._reader.select(sql, bound, options))

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Return a small result as Python tuples."""
        result = self._driven(lambda d: d.query(sql, parameters=_bind(parameters), settings=self._settings()))
        return [tuple(row) for row in result.result_rows]

    def scalar(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Return the first column of the first row, or None if there is none."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def raw(self, sql: str, fmt: str, settings: Parameters | None = None) -> bytes:
        """Return a result in one of ClickHouse's own formats."""
        return self._driven(lambda d: d.raw_query(sql, fmt=fmt, settings=self._settings(settings)))

    def command(self, sql: str, parameters: Parameters | None = None, settings: Parameters | None = None) -> None:
        """Execute a statement that is safe to repeat (DDL with IF NOT EXISTS, an idempotent ALTER)."""
        self._driven(lambda d: d.command(sql, parameters=_bind(parameters), settings=self._settings(settings)))

    def command_once(self, sql: str) -> None:
        """Execute a statement that must not be repeated blindly; the caller finds out what became of it.

        Raises
        ------
        WarehouseDown
            After which the statement may have been executed.
        """
        self._once(lambda d: d.command(sql, settings=self._settings()))

    def try_command(self, sql: str) -> bool:
        """Execute a statement of tidying up; return whether the node was there to do it."""
        try:
            self.command_once(sql)
        except WarehouseError:
            return False
        return True

    def insert_repeatable(self, name: str, data: pa.Table) -> None:
        """Insert rows of which a second copy would do no harm."""
        database, table = name.split(".")
        self._driven(lambda d: d.insert_arrow(table, data, database=database, settings=self._settings()))

    def insert(self, name: str, data: pa.Table, settings: Parameters | None = None) -> None:
        """Insert once, without a retry: only the caller can know what landed.

        Raises
        ------
        WarehouseDown, WarehouseFull, WarehouseError
            After which any number of the rows may be in the table.
        """
        database, table = name.split(".")
        self._once(lambda d: d.insert_arrow(table, data, database=database, settings=self._settings(settings)))

    def stream(self, name: str, data: pa.Table, settings: Parameters | None = None) -> None:
        """Insert once, as ``insert``, but send while the node already reads: for many rows.

        ``insert_arrow`` makes Arrow's file format, whose index is at its end: the node must have all of it before it
        begins.

        Raises
        ------
        WarehouseDown, WarehouseFull, WarehouseError
            After which any number of the rows may be in the table.
        """
        names, chosen = data.schema.names, self._settings(settings)
        self._once(lambda d: d.raw_insert(name, names, arrow_stream(data), settings=chosen, fmt="ArrowStream"))

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._reader.close()
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _once(self, call: Any) -> None:
        try:
            call(self._connected())
        except _NOT_THERE as error:
            self.close()
            raise _down(self.address) from error
        except ClickHouseError as error:
            raise _translated(error) from error

    def _driven(self, call: Any) -> Any:
        return self._repeat(lambda: call(self._connected()))

    def _repeat(self, call: Any) -> Any:
        deadline = self._clock.monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                return call()
            except _NOT_THERE as error:
                self.close()
                if self._clock.monotonic() > deadline:
                    raise _down(self.address) from error
            except (ClickHouseError, Refusal) as error:
                raise _translated(error) from error
            self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if self._recover is not None:
                self._recover()

    def _connected(self) -> Driver:
        if self._driver is None:
            self._driver = clickhouse_connect.get_client(
                host=self.address.host,
                port=self.address.port,
                username=self.address.user,
                password=self.address.password,
                interface="https" if self.address.secure else "http",
                autogenerate_session_id=False,
                query_retries=0,
                tz_mode="aware",
                compress=self.address.host not in _LOOPBACK,
                send_receive_timeout=900,
            )
        return self._driver

    def _settings(self, extra: Parameters | None = None) -> dict[str, Any]:
        return {"log_comment": correlation_id(), **(extra or {})}


# The driver raises OperationalError for a refused, reset or half-closed connection.
_NOT_THERE = (OperationalError, ConnectionError)


def _bind(parameters: Parameters | None) -> dict[str, Any] | None:
    return dict(parameters) if parameters else None


def _down(address: Address) -> WarehouseDown:
    return WarehouseDown(
        f"The warehouse at {address.host}:{address.port} does not answer.",
        remedy="Run: zeno warehouse status (embedded), or check ZENO_CLICKHOUSE_URL.",
    )


def _translated(error: ClickHouseError | Refusal) -> WarehouseError:
    text = str(error)
    if any(code in text for code in _NO_SPACE_CODES):
        return WarehouseFull("The disk under the warehouse is full.", remedy="Free some space and run it again.")
    kind = "refused" if isinstance(error, DatabaseError | Refusal) else "failed"
    return WarehouseError(f"ClickHouse {kind}: {_first_sentence(text)}")


def _first_sentence(text: str) -> str:
    body = text.split("DB::Exception: ", 1)[-1]
    return re.sub(r" \((version|for url) [^)]*\)", "", body.split("\n")[0]).strip()[:1000]
