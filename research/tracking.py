"""Tracking: MLflow holds a run a study and a child run a part of it (a fold, a fit), each with what it came from.

``track`` may be called again at any time, for the same study or after it died half way:

 1. ``research.mlflow_store.opened`` gives the store to this process alone.
 2. ``_landed`` asks what is there: one search for the study's id; its own run has no number, its parts have theirs.
 3. ``_Recorder.create`` makes a run that is missing; the tags that identify it land in the same transaction.
 4. ``_fill`` writes the parameters, metrics and tags that the run does not have yet, ``_keep`` the files.
 5. A run is finished when everything of it is there; the study's own run comes last.

Identity is the tag ``zeno.study_id``, and ``zeno.child`` for the number of a part. Neither a run, nor a parameter, nor
a metric is written twice: a metric is one point, at step 0 and the run's start. Another value under the same id is a
contradiction, because the id stands for everything that determines the value: the first stays, and the tag
``zeno.differs`` names it beside the value that came later.

Not here: where the store is and how it is opened (``research.mlflow_store``), what MLflow takes
(``research.mlflow_terms``), and what a study is.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.mlflow_store import opened, ui_command
from research.mlflow_terms import (
    CHILD,
    CODE_VERSION,
    DATA_SNAPSHOT,
    DIFFERS,
    PARENT,
    STUDY_ID,
    TAG_LIMIT,
    Terms,
    TrackedRun,
    cut,
    spelled,
    terms,
)
from zeno.clock import Clock
from zeno.errors import ConfigError
from zeno.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["CODE_VERSION", "DATA_SNAPSHOT", "EXPERIMENT", "SPEC", "TrackedRun", "track", "ui_command"]

EXPERIMENT = "zeno"
SPEC = "spec.json"

_FILE = "zeno.artefact."
_METRICS, _PARAMS, _TAGS = 800, 100, 100  # in one request, which takes 1,000


def track(study: TrackedRun, study_id: str, children: Iterable[TrackedRun], artefacts: Mapping[str, Path],
          settings: Settings, clock: Clock, *, experiment: str = EXPERIMENT) -> str:  # fmt: skip
    """Record a study, or whatever of it has not been recorded yet, and return the id of its run.

    Parameters
    ----------
    study_id
        What determines the study, as a hash; letters, digits and ``_ . : -``.
    children
        Its parts in an order that never changes: a part is known by its place. The store is held while they are drawn.
    artefacts
        Files to keep with the study's run, by the path they get there (``tearsheet.html``, ``charts/equity.png``).
    experiment
        MLflow's experiment, a group of runs that are shown together.

    Raises
    ------
    ConfigError
        If the id, a name or an artefact cannot be used.
    SourceUnavailable
        If the store does not answer; what has landed is kept, and the next call goes on from there.
    """
    if not re.fullmatch(r"[\w.:-]{1,200}", study_id, re.ASCII):
        raise ConfigError(f"{study_id!r} cannot be the id of a study.", remedy="Use the hash of its specification.")
    whole = terms(study, {STUDY_ID: study_id}, always_whole=True)
    _check(artefacts)
    with opened(settings) as store:
        recorder = _Recorder(store.client, store.experiment(experiment), clock)
        landed = _landed(store.client, recorder.experiment, study_id)
        own = landed.get(None) or recorder.create(study, {STUDY_ID: study_id})
        for number, child in enumerate(children):
            identity = {STUDY_ID: study_id, CHILD: str(number), PARENT: own.info.run_id}
            part = terms(child, identity, always_whole=False)
            recorder.complete(landed.get(number) or recorder.create(child, identity), child, part, {})
        recorder.complete(own, study, whole, artefacts)
        return own.info.run_id


@dataclass(frozen=True)
class _Recorder:
    """Writes into one experiment."""

    client: "MlflowClient"
    experiment: str
    clock: Clock

    def create(self, run: TrackedRun, identity: Mapping[str, str]) -> "Run":
        started = _milliseconds(run.started_at or self.clock.now())
        return self.client.create_run(self.experiment, start_time=started, tags=dict(identity), run_name=run.name)

    def complete(self, landed: "Run", run: TrackedRun, wanted: Terms, artefacts: Mapping[str, Path]) -> None:
        _fill(self.client, landed, wanted)
        for name, path in artefacts.items():
            _keep(self.client, landed, name, path)
        if wanted.whole is not None:
            with tempfile.TemporaryDirectory(prefix="zeno-") as scratch:
                spec = Path(scratch) / SPEC
                spec.write_text(wanted.whole, encoding="utf-8")
                _keep(self.client, landed, SPEC, spec)
        if landed.info.status != "FINISHED":
            self.client.set_terminated(landed.info.run_id, end_time=_milliseconds(run.ended_at or self.clock.now()))


def _landed(client: "MlflowClient", experiment: str, study_id: str) -> dict[int | None, "Run"]:
    """Return the study's run under None, and its parts under their numbers."""
    found: dict[int | None, Run] = {}
    for run in _search(client, experiment, f"tags.`{STUDY_ID}` = '{study_id}'"):
        number = run.data.tags.get(CHILD)
        # The oldest stands, should two machines ever have recorded one study at once.
        found.setdefault(None if number is None else int(number), run)
    return found


def _search(client: "MlflowClient", experiment: str, condition: str) -> Iterator["Run"]:
    order = ["attributes.start_time ASC", "attributes.run_id ASC"]
    token: str | None = None
    while True:
        page = client.search_runs([experiment], condition, max_results=1000, order_by=order, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _fill(client: "MlflowClient", run: "Run", wanted: Terms) -> None:
    from mlflow.entities import Metric, Param, RunTag

    data, at = run.data, run.info.start_time
    tags = wanted.tags | _differing(data, wanted)
    params = [Param(name, value) for name, value in wanted.parameters.items() if name not in data.params]
    metrics = [Metric(name, value, at, 0) for name, value in wanted.metrics.items() if name not in data.metrics]
    labels = [RunTag(name, value) for name, value in tags.items() if data.tags.get(name) != value]
    while params or metrics or labels:
        client.log_batch(run.info.run_id, metrics[:_METRICS], params[:_PARAMS], labels[:_TAGS])
        metrics, params, labels = metrics[_METRICS:], params[_PARAMS:], labels[_TAGS:]


def _differing(data: Any, wanted: Terms) -> dict[str, str]:
    """Name the values that came out otherwise than those that stand."""
    pairs = (data.params, wanted.parameters), (data.metrics, wanted.metrics)
    found = [f"{name}: {landed[name]} stands, then {value}" for landed, later in pairs
             for name, value in later.items() if name in landed and landed[name] != value]  # fmt: skip
    return {DIFFERS: cut("; ".join(found), TAG_LIMIT)} if found else {}


def _keep(client: "MlflowClient", run: "Run", name: str, path: Path) -> None:
    """Upload a file, unless the run's tag says that this content is there: the tag is written after the file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if run.data.tags.get(_FILE + name) == digest:
        return
    folder, _, base = name.rpartition("/")
    with tempfile.TemporaryDirectory(prefix="zeno-") as scratch:
        renamed = Path(scratch) / base  # MLflow names an artefact by its file
        renamed.symlink_to(path.resolve())
        client.log_artifact(run.info.run_id, str(renamed), folder or None)
    client.set_tag(run.info.run_id, _FILE + name, digest)


def _check(artefacts: Mapping[str, Path]) -> None:
    for name, path in artefacts.items():
        if name in ("", SPEC) or spelled(name) != name:
            raise ConfigError(f"{name!r} cannot be the name of an artefact.",
                              remedy=f"Letters, digits, spaces and _ - . / alone, and not {SPEC}.")  # fmt: skip
        if not path.is_file():
            raise ConfigError(f"There is no artefact {path}.", remedy="Write it before its study is recorded.")


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
