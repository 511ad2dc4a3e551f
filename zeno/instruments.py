"""Instruments: a permanent id, a closed set of security types, and the rules a price must obey.

Symbols are not identity: they change hands and are reused. ``ref.symbols`` maps a symbol, within a namespace and an
interval of time, to an instrument's permanent id, which is never reused.
"""

from enum import StrEnum


class SecurityType(StrEnum):
    """The eight kinds of instrument that Zeno knows. Closed: adding one is a schema migration."""

    EQUITY = "equity"
    INDEX = "index"
    FUTURE = "future"
    OPTION = "option"
    FX = "fx"
    CRYPTO = "crypto"
    BOND = "bond"
    COMMODITY = "commodity"


class PriceRule(StrEnum):
    """Which prices an instrument may have: crude oil and spreads trade below zero, shares do not."""

    POSITIVE = "positive"
    ANY = "any"
