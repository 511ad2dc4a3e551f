"""Every error that Zeno raises on purpose.

    ZenoError
      ConfigError          a setting is missing or contradicts another
      ContractError        a batch cannot be checked at all: a column is missing, added or of another type
      SourceError          a source could not be read
        SourceUnavailable    ... because it did not answer, in time or at all
        SourceRejected       ... because what it answered is not what was asked for
      WarehouseError       the store refused or is not there
        WarehouseDown        ... no node answers
        WarehouseBusy        ... a folder or a port is taken
        WarehouseFull        ... the disk is full
        MigrationError       ... its schema is not the one this version needs
        LoadError            ... a load did not end as the ledger says it must
      StudyError           a study cannot go on as asked
      ClaimRefused         an event would make a claim worth nothing: evidence before commitment, a predicate changed
      OutOfSupport         a scenario asks for a path unlike anything in past data
      UnsupportedPlatform  the embedded engine has no build for this machine

Each carries a ``remedy``: what the reader can do about it. Rows that break a contract are not errors; they go to the
quarantine (``warehouse.contract``).
"""


class ZenoError(Exception):
    """A failure with a remedy.

    Parameters
    ----------
    message
        What happened, in one sentence.
    remedy
        What the reader can do about it; printed under the message by the command line.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigError(ZenoError):
    """A setting is missing, malformed, or contradicts another."""

    exit_code = 2


class ContractError(ZenoError):
    """A batch does not have the columns its table declares, so that no row of it can be checked."""


class SourceError(ZenoError):
    """A source could not be read."""

    exit_code = 3


class SourceUnavailable(SourceError):
    """A source did not answer within its deadline or its retries."""


class SourceRejected(SourceError):
    """A source answered with something other than what was asked for."""


class WarehouseError(ZenoError):
    """The store refused an operation, or is not there."""

    exit_code = 4


class WarehouseDown(WarehouseError):
    """No node of the warehouse answers."""


class WarehouseBusy(WarehouseError):
    """The data folder or a port belongs to another process."""


class WarehouseFull(WarehouseError):
    """The disk under the warehouse is full; nothing of the load is visible."""


class MigrationError(WarehouseError):
    """The schema in the store is not the one this version was written for."""


class LoadError(WarehouseError):
    """A load did not end as its ledger entry says; run it again, it resumes."""


class ClaimRefused(ZenoError):
    """The claims ledger refuses an event that would make a claim worth nothing."""

    exit_code = 7


class OutOfSupport(ZenoError):
    """A scenario asks for a path that past data do not support; what follows from it would be made up."""

    exit_code = 7


class UnsupportedPlatform(ZenoError):
    """The embedded engine has no build for this machine."""

    exit_code = 5


class StudyError(ZenoError):
    """A study cannot go on as asked: its code or data changed, or another process drives it."""

    exit_code = 6
