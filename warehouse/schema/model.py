"""What a table is: columns with a kind, a unit and a role, and where its rows live.

Declarations only; rendering is in ``ddl`` and ``arrow``.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property


class Kind(Enum):
    """A column's type: its ClickHouse name. ``arrow`` has the Arrow type that goes with each."""

    ID = "UInt32"
    INT = "Int64"
    COUNT = "UInt64"
    FLOAT = "Float64"
    PRICE = "Decimal(18, 8)"
    QUANTITY = "Decimal(38, 8)"
    TIMESTAMP = "DateTime64(6, 'UTC')"
    DATE = "Date32"
    YEAR = "UInt16"
    BOOL = "Bool"
    TEXT = "String"
    LABEL = "LowCardinality(String)"
    LABELS = "Array(LowCardinality(String))"
    ENUM = "Enum8"


class Role(StrEnum):
    """What a column is for. Readers and checks go by roles, not by names."""

    EVENT_TIME = "event time"
    KNOWLEDGE_TIME = "knowledge time"
    KNOWLEDGE_LAG = "knowledge time, as microseconds after the event"
    BATCH = "load batch"
    DATA = "data"


class Placement(StrEnum):
    """Where a table's rows live in a cluster."""

    SHARDED = "sharded"  # by instrument_id, a part on each node
    GLOBAL = "global"  # all rows in one place, readable from every node


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Parameters
    ----------
    unit
        What the number counts ("currency units", "shares", "us", "percent"); "" for text and keys.
    codec
        ClickHouse codec, without ``CODEC(...)``.
    values
        The closed set of an ``ENUM``, in storage order.
    pattern
        Allow-list for text: a regular expression that the whole value must match.
    minimum, maximum
        Inclusive bounds of plausible values, checked at the door.
    """

    name: str
    kind: Kind
    doc: str
    unit: str = ""
    role: Role = Role.DATA
    nullable: bool = False
    codec: str = ""
    values: tuple[str, ...] = ()
    pattern: str = ""
    minimum: float | str | None = None
    maximum: float | str | None = None

    @property
    def sql_type(self) -> str:
        """The type as ClickHouse spells it in ``system.columns``."""
        if self.kind is Kind.ENUM:
            members = ", ".join(f"'{value}' = {number}" for number, value in enumerate(self.values))
            return f"Enum8({members})"
        return f"Nullable({self.kind.value})" if self.nullable else self.kind.value


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table.

    Parameters
    ----------
    grain
        One row per what.
    key
        The columns that identify a row; also how rows are sorted. A second row with the same key is a duplicate.
    partition
        ClickHouse expression, or "" for one partition; a load lands atomically in each partition it touches.
    aliases
        Columns computed on read: name to expression.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    placement: Placement = Placement.GLOBAL
    partition: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    doc: str = ""

    @property
    def database(self) -> str:
        """The part of the name before the dot."""
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        """The part of the name after the dot."""
        return self.name.split(".")[1]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    def with_role(self, role: Role) -> Column | None:
        """Return the first column with this role, if any."""
        return next((column for column in self.columns if column.role is role), None)

    @property
    def loadable(self) -> bool:
        """Whether batches are loaded into it: it carries the batch that each row came with."""
        return self.with_role(Role.BATCH) is not None
