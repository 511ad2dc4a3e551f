"""Reference tables: instruments, symbols, calendars, index membership, business cycles, word lists."""

from warehouse.schema import columns as c
from warehouse.schema.model import Column, Kind, Role, Table
from zeno.instruments import PriceRule, SecurityType

INSTRUMENTS = Table(
    name="ref.instruments",
    grain="one row per instrument",
    key=("instrument_id",),
    columns=(
        c.instrument_id(),
        Column(name="security_type", kind=Kind.ENUM, values=tuple(SecurityType), doc="One of the eight kinds."),
        c.label("name", "What people call it.", pattern=c.NAME),
        c.label("currency", "Currency of its prices (ISO 4217).", pattern="[A-Z]{3}"),
        Column(name="price_rule", kind=Kind.ENUM, values=tuple(PriceRule), doc="Which prices it may have."),
        c.price("tick_size", "Smallest price step, if it has one.", nullable=True),
        c.price("multiplier", "Currency units per point of price and contract."),
        c.label("calendar", "Its exchange calendar (ref.calendar)."),
        c.label("timezone", "IANA time zone of its venue."),
        c.batch(),
    ),
)

SYMBOLS = Table(
    name="ref.symbols",
    grain="one row per namespace, symbol and interval",
    doc="Symbols are not identity: the same text can be another instrument at another time, or at another source.",
    key=("namespace", "symbol", "valid_from"),
    columns=(
        c.label("namespace", "Whose symbols these are: a source, or an exchange."),
        c.label("symbol", "The symbol.", pattern=c.SYMBOL),
        Column(name="valid_from", kind=Kind.DATE, doc="First day it means this instrument.", minimum="1900-01-01"),
        Column(name="valid_to", kind=Kind.DATE, doc="First day it no longer does; 2299-12-31 while it does."),
        c.instrument_id(),
        c.batch(),
    ),
)

CALENDAR = Table(
    name="ref.calendar",
    grain="one row per calendar and session",
    key=("calendar", "session"),
    columns=(
        c.label("calendar", "Exchange calendar (ISO 10383 code)."),
        Column(name="session", kind=Kind.DATE, doc="The session's date.", role=Role.EVENT_TIME),
        Column(name="opens_at", kind=Kind.TIMESTAMP, doc="Open.", unit="us", codec="Delta(8), ZSTD(1)"),
        Column(name="closes_at", kind=Kind.TIMESTAMP, doc="Close; earlier on half days.", unit="us",
               codec="Delta(8), ZSTD(1)"),
        c.batch(),
    ),
)  # fmt: skip

MEMBERSHIP = Table(
    name="ref.membership",
    grain="one row per index, day, symbol and action",
    key=("index_symbol", "day", "symbol", "action"),
    columns=(
        c.label("index_symbol", "The index.", pattern=c.SYMBOL),
        Column(name="day", kind=Kind.DATE, doc="The day the change took effect.", role=Role.EVENT_TIME),
        c.label("symbol", "The member's symbol on that day.", pattern=c.SYMBOL),
        Column(name="action", kind=Kind.ENUM, values=("added", "removed"), doc="What happened."),
        Column(name="reason", kind=Kind.TEXT, doc="As the source gives it."),
        c.source(),
        c.batch(),
    ),
)

TURNING_POINTS = Table(
    name="ref.turning_points",
    grain="one row per business-cycle turning point",
    key=("country", "month", "kind"),
    columns=(
        c.label("country", "ISO 3166 code.", pattern="[A-Z]{2}"),
        Column(name="month", kind=Kind.DATE, doc="First day of the month.", role=Role.EVENT_TIME),
        Column(name="kind", kind=Kind.ENUM, values=("peak", "trough"), doc="Which turn."),
        c.known_at("When it was announced, or for turns before announcements began, one year after: see basis."),
        Column(name="basis", kind=Kind.ENUM, values=("usual_lag", "vintage", "announced"),
               doc="How known_at is known."),
        c.source(),
        c.batch(),
    ),
)  # fmt: skip

LEXICON = Table(
    name="ref.lexicon",
    grain="one row per lexicon, word and category",
    key=("lexicon", "category", "word"),
    columns=(
        c.label("lexicon", "The word list."),
        c.label("category", "What the word signals: negative, positive, uncertainty and others."),
        Column(name="word", kind=Kind.TEXT, doc="The word, in capitals.", pattern=r"[A-Z][A-Z\-']{0,63}"),
        Column(name="since", kind=Kind.YEAR, doc="Year in which the list took the word up.", unit="year"),
        c.batch(),
    ),
)

REF = (INSTRUMENTS, SYMBOLS, CALENDAR, MEMBERSHIP, TURNING_POINTS, LEXICON)
