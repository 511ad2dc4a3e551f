"""Tables of studies: what was asked, what was tried and what came of it. Rows are events: nothing is ever updated."""

from warehouse.schema.model import Column, Kind, Table


def study_id() -> Column:
    """Return the id of a study: the hash of its spec."""
    return Column(name="study_id", kind=Kind.TEXT, doc="First 16 hexadecimal digits of the spec's SHA-256.",
                  codec="ZSTD(1)", pattern="[0-9a-f]{16}")  # fmt: skip


def at(doc: str) -> Column:
    """Return when a row was written."""
    return Column(name="at", kind=Kind.TIMESTAMP, doc=doc, unit="us", codec="Delta(8), ZSTD(1)")


STUDIES = Table(
    name="research.studies",
    grain="one row per event in the life of a study",
    doc="A study's state is a fold of its events. `driving` rows are a driver's heartbeat.",
    key=("study_id", "at", "event"),
    columns=(
        study_id(),
        at("When it happened."),
        Column(name="event", kind=Kind.ENUM, doc="What happened.",
               values=("created", "queued", "driving", "cancel_asked", "cancelled", "finished", "stuck", "tracked")),
        Column(name="kind", kind=Kind.LABEL, doc="The kind of study, such as walk_forward."),
        Column(name="spec", kind=Kind.TEXT, doc="The canonical spec as JSON, with `created` alone.", codec="ZSTD(1)"),
        Column(name="detail", kind=Kind.TEXT, doc="What belongs to the event, as JSON.", codec="ZSTD(1)"),
        Column(name="host", kind=Kind.LABEL, doc="The machine that wrote it."),
        Column(name="process", kind=Kind.COUNT, doc="The process that wrote it."),
    ),
)  # fmt: skip

TASKS = Table(
    name="research.tasks",
    grain="one row per failed try of a task, and per task given up",
    doc="A task without a result and without a `dead` row is still to be done. `retried` takes back a `dead` one.",
    key=("study_id", "task", "at"),
    columns=(
        study_id(),
        Column(name="task", kind=Kind.COUNT, doc="Number of the task within the study, from 0."),
        at("When it happened."),
        Column(name="event", kind=Kind.ENUM, values=("failed", "dead", "retried"), doc="What happened."),
        Column(name="name", kind=Kind.TEXT, doc="What a person calls the task."),
        Column(name="cause", kind=Kind.ENUM, values=("raised", "crashed"),
               doc="Whether the task raised an error or its worker died under it."),
        Column(name="detail", kind=Kind.TEXT, doc="The traceback, or how the worker died.", codec="ZSTD(1)"),
        Column(name="worker", kind=Kind.LABEL, doc="Where it ran."),
    ),
)  # fmt: skip

RESULTS = Table(
    name="research.results",
    grain="one row per result of a task",
    key=("study_id", "task"),
    columns=(
        study_id(),
        Column(name="task", kind=Kind.COUNT, doc="Number of the task within the study, from 0."),
        Column(name="name", kind=Kind.TEXT, doc="What a person calls the task."),
        Column(name="sha256", kind=Kind.TEXT, doc="Hash of the result, in hex."),
        Column(name="result", kind=Kind.TEXT, doc="The result as canonical JSON.", codec="ZSTD(3)"),
        Column(name="seconds", kind=Kind.FLOAT, doc="How long the task took.", unit="s"),
        Column(name="worker", kind=Kind.LABEL, doc="Where it ran."),
        at("When it landed."),
    ),
)

RESEARCH = (STUDIES, TASKS, RESULTS)
