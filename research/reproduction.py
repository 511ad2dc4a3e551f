"""What stands in for the store while a study is computed anew: it compares, and stores nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from research.store import Failure
from research.worker import Outcome


class Comparison:
    """What a reproduction found; stands in for the store, and stores nothing."""

    def __init__(self, recorded: Mapping[int, list[str]], same_code: bool) -> None:
        self.recorded, self.same_code = recorded, same_code
        self.equal = 0
        self.different: list[int] = []
        self.failed: dict[int, str] = {}

    @property
    def holds(self) -> bool:
        """Whether every recorded result was found again, bit for bit."""
        return self.equal == len(self.recorded)

    def done(self, study: str) -> set[int]:  # noqa: ARG002 - the store's signature
        """Return nothing: all is computed anew."""
        return set()

    def failures(self, study: str) -> Sequence[Failure]:  # noqa: ARG002
        """Return no failures: a reproduction has its own."""
        return []

    def record(self, study: str, kind: str, event: str, detail: Mapping[str, Any]) -> datetime:  # noqa: ARG002
        """Leave no trace."""
        return datetime.min.replace(tzinfo=UTC)

    def cancel_asked(self, study: str, since: datetime) -> bool:  # noqa: ARG002
        """A reproduction is stopped from the keyboard."""
        return False

    def land(self, study: str, outcomes: Sequence[Outcome]) -> None:  # noqa: ARG002
        """Compare."""
        for one in outcomes:
            if self.recorded.get(one.task) == [one.sha256]:
                self.equal += 1
            elif one.task in self.recorded:
                self.different.append(one.task)

    def fail(self, study: str, outcome: Outcome, *events: str) -> None:  # noqa: ARG002
        """Note why a task with a recorded result was given up; a try that failed is followed by another."""
        if "dead" in events and outcome.task in self.recorded:
            self.failed[outcome.task] = outcome.detail
