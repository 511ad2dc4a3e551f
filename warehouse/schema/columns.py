"""The columns that many tables share, so that a price is a price everywhere."""

from warehouse.schema.model import Column, Kind, Role

# Trades, quotes and bars before electronic records began, or after next year, are a wrong unit or a broken clock. The
# upper bound is the loader's clock, which the contract is given; this one only bounds what the type can hold.
EARLIEST_TICK = "1980-01-01T00:00:00+00:00"
EARLIEST_BAR = "1900-01-01T00:00:00+00:00"

# What the engine's dates and times can hold: it would move what lies beyond to the nearest that it can. The last day is
# also how "for ever" is written.
EARLIEST_DAY = "1900-01-01"
LATEST_DAY = "2299-12-31"

SYMBOL = r"[A-Z0-9][A-Z0-9.\-/=^_:]{0,31}"
NAME = r"[\w.\-/&%' ,:()+*#\[\]]{1,200}"
SLUG = r"[A-Za-z0-9][A-Za-z0-9_.\-/:]{0,63}"


def instrument_id() -> Column:
    """Return the permanent id of an instrument."""
    return Column(name="instrument_id", kind=Kind.ID, doc="Permanent id (ref.instruments).", codec="ZSTD(1)")


def event_time(doc: str, *, earliest: str = EARLIEST_TICK) -> Column:
    """Return the producer's time, never re-stamped."""
    return Column(
        name="ts", kind=Kind.TIMESTAMP, doc=doc, unit="us", role=Role.EVENT_TIME, codec="Delta(8), ZSTD(1)",
        minimum=earliest,
    )  # fmt: skip


def order_key() -> Column:
    """Return the producer's sequence within the instrument."""
    return Column(
        name="ord", kind=Kind.COUNT, doc="The producer's sequence: monotonic within an instrument.",
        codec="Delta(8), ZSTD(1)",
    )  # fmt: skip


def price(name: str, doc: str, *, nullable: bool = False) -> Column:
    """Return a price column."""
    return Column(
        name=name, kind=Kind.PRICE, doc=doc, unit="currency units", nullable=nullable, codec="GCD, Delta(8), ZSTD(1)"
    )


def size(name: str, doc: str) -> Column:
    """Return a traded or quoted size, zero or more."""
    return Column(name=name, kind=Kind.PRICE, doc=doc, unit="contracts or units", codec="GCD, T64, ZSTD(1)", minimum=0)


def knowledge_lag() -> Column:
    """Return how long after the event the fact became known."""
    return Column(
        name="known_lag_us", kind=Kind.INT, doc="Receive time minus event time.", unit="us", role=Role.KNOWLEDGE_LAG,
        codec="T64, ZSTD(1)", minimum=-60_000_000,
    )  # fmt: skip


def known_at(doc: str, *, name: str = "known_at", earliest: str = EARLIEST_BAR) -> Column:
    """Return the time from which a fact may be used."""
    return Column(
        name=name, kind=Kind.TIMESTAMP, doc=doc, unit="us", role=Role.KNOWLEDGE_TIME, codec="Delta(8), ZSTD(1)",
        minimum=earliest,
    )  # fmt: skip


def label(name: str, doc: str, *, pattern: str = SLUG) -> Column:
    """Return a short text from a small set."""
    return Column(name=name, kind=Kind.LABEL, doc=doc, pattern=pattern, codec="ZSTD(1)")


def source() -> Column:
    """Return who delivered the row."""
    return label("source", "The data set that delivered the row.")


def batch() -> Column:
    """Return the batch that the row was loaded with."""
    return Column(name="batch", kind=Kind.COUNT, doc="First 8 bytes of the batch's content hash (raw.loads).",
                  role=Role.BATCH, codec="ZSTD(1)")  # fmt: skip


KNOWN_AT_ALIAS = {"known_at": "addMicroseconds(ts, known_lag_us)"}
