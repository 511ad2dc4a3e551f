"""Studies from the UI: an asset that walks forward, a job that drives any study, and a sensor that starts what waits.

A study that was written down but that nobody drives (``zeno study start --queue``) is picked up by the sensor. What a
study is, and that it is done once, is the business of ``research``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import Field

from assets.house import OWNERS, House
from assets.loading import failures
from assets.raw import table_key
from assets.reaper import process_tags
from zeno.settings import Settings

GROUP = "research"
JOB = "drive_study"
STUDY = dg.AssetKey([GROUP, "walk_forward"])
STEP = "__".join(STUDY.path)


class WalkForwardConfig(dg.Config):
    """What ``zeno study start walk-forward`` asks for, with its options' names."""

    strategy: str = Field("xs_momentum", description="A strategy of the catalogue: zeno backtest list.")
    universe: str = Field("us_equities_daily", description="A data set, for all its symbols.")
    source: str = Field("", description="The vendor of the bars; the data set itself unless given.")
    resolution: str = "1d"
    start: str = "1990-01-01"
    end: str = "2023-01-01"
    grid: list[str] = Field(
        ["lookback=63,126,252", "skip=0,21", "top=5"], description="Axes: name=5,10,20 or name=5:50:5."
    )
    train: int = Field(1260, description="Slices to choose parameters on.")
    test: int = Field(252, description="Slices to trade the choice on.")
    purge: int = Field(5, description="Slices left out at the end of training.")
    sizer: str = Field("quantity:1", description="Without effect where the strategy itself says how much it holds.")
    cost: str = "bps:5"
    executor: str = Field("local", description="local, dask, spark, or an address.")
    workers: int = Field(0, description="Processes of an own cluster; one a core for 0.")


class StudyConfig(dg.Config):
    """Which study, and where it runs."""

    study: str = Field(description="Its id: zeno study list.")
    executor: str = Field("local", description="local, dask, spark, or an address.")
    workers: int = 0


@dg.asset(
    key=STUDY,
    deps=[table_key("raw.bars")],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "dask"},
    description="**Walk-forward study.** Parameters are chosen on the past, traded on what came next. The same "
    "question is the same study and is not computed twice; launch it with another configuration for another question.",
)
def walk_forward(context: dg.AssetExecutionContext, config: WalkForwardConfig, house: dg.ResourceParam[House]
                 ) -> dg.MaterializeResult:  # fmt: skip
    """Drive the study that the configuration asks for."""
    from backtest.studies.standard import walk_forward_study
    from research.store import StudyStore
    from research.study import Studies

    with failures():
        studies = Studies(StudyStore(house.warehouse), house.settings)
        study = walk_forward_study(studies, **config.model_dump(exclude={"executor", "workers"}))
        return dg.MaterializeResult(metadata=_driven(context, studies, study, config.executor, config.workers))


@dg.op(name="drive", description="Drives a study that was written down: what is done of it is not done again.")
def drive(context: dg.OpExecutionContext, config: StudyConfig, house: dg.ResourceParam[House]) -> None:
    """Drive one study to its end."""
    from research.store import StudyStore
    from research.study import Studies

    with failures():
        studies = Studies(StudyStore(house.warehouse), house.settings)
        context.add_output_metadata(_driven(context, studies, config.study, config.executor, config.workers))


@dg.job(name=JOB, description="Drives a study that was written down.", executor_def=dg.in_process_executor)
def drive_study() -> None:
    """Drive one study."""
    drive()


def study_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """Return the sensor; without ``settings`` it reads the environment when it looks."""

    @dg.sensor(
        name="studies_waiting",
        job=drive_study,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Drives studies that were written down and that nobody drives.",
    )
    def look():
        found = waiting(settings or Settings.from_env())
        if not found:
            return dg.SkipReason("No study waits.")
        return [
            dg.RunRequest(run_key=f"{one.study} {one.since.isoformat()}", run_config=one.run_config()) for one in found
        ]

    return look


@dataclass(frozen=True)
class Queued:
    """A study that waits: since when, and where it is to run. Queued anew after a stop, it is another one."""

    study: str
    since: datetime
    executor: str
    workers: int

    def run_config(self) -> dict[str, Any]:
        """Return the configuration of the job's run."""
        asked = {"study": self.study, "executor": self.executor, "workers": self.workers}
        return {"ops": {"drive": {"config": asked}}}


def waiting(settings: Settings) -> list[Queued]:
    """Return the studies that were queued and that nobody has driven since, as they were queued last."""
    from research.store import StudyStore
    from research.study import Studies
    from warehouse.store import connect

    studies = Studies(StudyStore(connect(settings)), settings)
    found = []
    for state in studies.states():
        if state.state == "queued":
            last = [one for one in studies.store.events(state.id) if one.event == "queued"][-1]
            found.append(Queued(state.id, last.at, last.detail["executor"], last.detail["workers"]))
    return found


def _driven(context: Any, studies: Any, study: str, executor_name: str, workers: int) -> dict[str, dg.MetadataValue]:
    """Drive a study and return what the UI shows of it."""
    from research.executors import executor

    context.instance.add_run_tags(context.run_id, process_tags() | {"zeno/study": study})

    def watch(now: Any) -> None:
        context.log.info(f"{now.done} of {now.total} tasks on {now.executor}")

    state = studies.drive(study, lambda: executor(executor_name, workers or None), watch)
    found: dict[str, dg.MetadataValue] = {
        "study": dg.MetadataValue.text(study),
        "state": dg.MetadataValue.text(state.state),
        "tasks": dg.MetadataValue.text(f"{state.done} of {state.total}, {state.dead} given up"),
        "summary": dg.MetadataValue.json(dict(state.summary)),
    }
    if state.state != "finished":
        raise dg.Failure(f"Study {study} is {state.state}.", metadata=found, allow_retries=False)
    found["MLflow run"] = dg.MetadataValue.text(studies.track(study))
    for page in sorted((studies.settings.studies / study).glob("*.html")):
        found[page.stem] = dg.MetadataValue.path(str(page))
    for name, value in _figures(state.summary).items():
        found[name] = dg.MetadataValue.float(value)
    return found


def _figures(summary: Any) -> dict[str, float]:
    """Return the few figures that belong into a plot over materializations."""
    asked = {"Sharpe": ("out_of_sample", "sharpe"), "CAGR": ("out_of_sample", "cagr"),
             "deflated Sharpe": ("deflated_sharpe", "dsr"), "PBO": ("overfitting", "pbo")}  # fmt: skip
    found = {name: summary.get(part, {}).get(key) for name, (part, key) in asked.items()}
    return {name: float(value) for name, value in found.items() if value is not None}
