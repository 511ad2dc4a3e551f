"""A run in MLflow's terms: names and values that it takes, and what it cannot hold put into ``spec.json``.

MLflow refuses names with most punctuation, and cuts or refuses long values. Nothing is lost by that: such names are
spelled with ``_``, such values end in ``…``, and the run keeps both whole in ``spec.json``.
"""

import json
import math
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zeno.errors import ConfigError

STUDY_ID, CHILD, PARENT = "zeno.study_id", "zeno.child", "mlflow.parentRunId"
LEFT_OUT, DIFFERS = "zeno.metrics_left_out", "zeno.differs"
CODE_VERSION, DATA_SNAPSHOT = "zeno.code_version", "zeno.data_snapshot"
"""Tags in which a study names the code and the data that it used."""
PARAMETER_LIMIT, TAG_LIMIT, NAME_LIMIT = 6000, 8000, 200
"""Longest values and names, in characters; MLflow takes names of 250, and some of ours get a prefix."""


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """What is recorded of a study, or of one part of it.

    Parameters
    ----------
    name
        For people.
    parameters
        What it was told.
    metrics
        What came out, each in its own unit. NaN, infinities and None are left out, and named in a tag.
    tags
        Where it came from: ``CODE_VERSION``, ``DATA_SNAPSHOT`` and others.
    started_at, ended_at
        Timezone-aware; by default when it was recorded.
    """

    name: str
    parameters: Mapping[str, str | float | int] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Terms:
    """What MLflow is given for a run; ``whole`` is ``spec.json``, or None where MLflow holds everything."""

    parameters: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    whole: str | None


def terms(run: TrackedRun, identity: Mapping[str, str], *, always_whole: bool) -> Terms:
    """Put a run into MLflow's terms.

    Parameters
    ----------
    identity
        Tags by which it is found again; they win over the run's own.
    always_whole
        Write ``spec.json`` also where MLflow holds everything.

    Raises
    ------
    ConfigError
        If two names are one for MLflow.
    """
    texts = {name: str(value) for name, value in run.parameters.items()}
    metrics = {name: float(value) for name, value in run.metrics.items() if value is not None and math.isfinite(value)}
    absent = sorted(set(run.metrics) - set(metrics))
    tags = {name: str(value) for name, value in run.tags.items()} | ({LEFT_OUT: ", ".join(absent)} if absent else {})
    held = (
        {name: cut(value, PARAMETER_LIMIT) for name, value in _named(texts).items()},
        _named(metrics),
        {name: cut(value, TAG_LIMIT) for name, value in _named(tags).items()},
    )
    spec = {"name": run.name, "parameters": dict(run.parameters), "metrics": metrics, "tags": tags}
    text = json.dumps(spec, indent=2, sort_keys=True, default=str, ensure_ascii=False) + "\n"
    needed = always_whole or held != (texts, metrics, tags)
    return Terms(held[0], held[1], held[2] | dict(identity), text if needed else None)


def cut(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` characters; an ellipsis says that something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def spelled(name: str) -> str:
    """Return a name that MLflow takes: word characters, spaces and ``. : / -``, and no path to somewhere else.

    >>> spelled("sharpe (net), %"), spelled("../costs"), spelled("fold/1")
    ('sharpe _net__ _', '_.._costs', 'fold/1')
    """
    plain = re.sub(r"[^\w. :/-]", "_", name)[:NAME_LIMIT]
    if posixpath.normpath(plain) != plain or plain.startswith(("/", "..")) or plain == ".":
        plain = "_" + plain.replace("/", "_")
    return plain


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in values.items():
        if spelled(name) in named:
            raise ConfigError(f"MLflow cannot tell {name!r} from another name of its run.", remedy="Rename one.")
        named[spelled(name)] = value
    return named
