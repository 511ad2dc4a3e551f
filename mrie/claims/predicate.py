"""Predicates: conditions on named metrics, as data that can be hashed before any metric is known."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from zeno.errors import ConfigError

_LIMITS = ("at_least", "above", "at_most", "below")

Evidence = Mapping[str, float]
"""Metrics by name."""


class Verdict(StrEnum):
    """What a predicate makes of evidence."""

    HOLDS = "holds"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Condition:
    """One limit on one metric.

    Parameters
    ----------
    limit
        ``at_least``, ``above``, ``at_most`` or ``below``.

    >>> Condition("auc", "at_least", 0.9).holds({"auc": 0.93})
    True
    """

    metric: str
    limit: str
    threshold: float

    def holds(self, evidence: Evidence) -> bool:
        """Return whether the metric keeps the limit; a metric that is not a number keeps none.

        Raises
        ------
        ConfigError
            If the evidence lacks the metric.
        """
        if self.metric not in evidence:
            raise ConfigError(f"The evidence has no {self.metric}.",
                              remedy="Evaluate all metrics that the predicate names.")  # fmt: skip
        value = evidence[self.metric]
        outcomes = {
            "at_least": value >= self.threshold,
            "above": value > self.threshold,
            "at_most": value <= self.threshold,
            "below": value < self.threshold,
        }
        return outcomes[self.limit] and not math.isnan(value)

    def describe(self, evidence: Evidence) -> str:
        """Return the condition beside what was found."""
        return f"{self.metric} {self.limit.replace('_', ' ')} {self.threshold:g}, found {evidence[self.metric]:.4g}"

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Condition":
        """Read ``{"metric": …, "at_least": …}``.

        Raises
        ------
        ConfigError
            If it does not have one metric and one limit.
        """
        limits = [name for name in _LIMITS if name in written]
        if len(limits) != 1 or set(written) != {"metric", limits[0]}:
            raise ConfigError(f"A condition has a metric and one limit, not {dict(written)}.",
                              remedy=f"Limits: {', '.join(_LIMITS)}.")  # fmt: skip
        return cls(str(written["metric"]), limits[0], float(written[limits[0]]))

    def written(self) -> dict[str, Any]:
        """Return what ``read`` reads."""
        return {"metric": self.metric, self.limit: self.threshold}


@dataclass(frozen=True)
class Predicate:
    """What decides a claim.

    Parameters
    ----------
    holds_if
        All must hold.
    withdrawn_if
        Any of them withdraws the claim, whatever ``holds_if`` says.
    procedure
        How the metrics are computed: everything that changes a number belongs here, as JSON can write it, so that it
        is hashed too.
    """

    holds_if: tuple[Condition, ...]
    withdrawn_if: tuple[Condition, ...] = ()
    procedure: Mapping[str, Any] = field(default_factory=dict)

    def judge(self, evidence: Evidence) -> tuple[Verdict, str]:
        """Return the verdict and the conditions that made it, "" if all hold."""
        struck = [condition.describe(evidence) for condition in self.withdrawn_if if condition.holds(evidence)]
        if struck:
            return Verdict.WITHDRAWN, "; ".join(struck)
        failing = [condition.describe(evidence) for condition in self.holds_if if not condition.holds(evidence)]
        return (Verdict.FAILED, "; ".join(failing)) if failing else (Verdict.HOLDS, "")

    @property
    def text(self) -> str:
        """Canonical JSON."""
        return canonical({
            "holds_if": [condition.written() for condition in self.holds_if],
            "withdrawn_if": [condition.written() for condition in self.withdrawn_if],
            "procedure": self.procedure,
        })  # fmt: skip

    @property
    def sha256(self) -> str:
        """Hash of the canonical JSON, in hex."""
        return sha256(self.text)

    @classmethod
    def read(cls, text: str) -> "Predicate":
        """Read what ``text`` wrote."""
        found = json.loads(text)
        return cls(_conditions(found["holds_if"]), _conditions(found["withdrawn_if"]), found["procedure"])


def _conditions(written: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple(Condition.read(entry) for entry in written)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces; numbers that are none are refused with ValueError.

    >>> canonical({"b": 1.0, "a": [True, "é"]})
    '{"a":[true,"é"],"b":1.0}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(text: str) -> str:
    """Return the hash of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
