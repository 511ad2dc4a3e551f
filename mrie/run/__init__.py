"""MRIE from end to end: one run over the data known by a moment, kept under one name, and its page.

    found = run(begin(connect(), settings, clock=SystemClock()))  # six phases; the same data and code: the same run
    write_page(load_report(store, settings, as_of=now), path)      # the page of the latest run, as of now

The phases are ``phases``; what they are given is ``inputs``; rows, claims and the page's record are made in ``rows``,
``claims``, ``ledger``, ``track`` and ``page``; ``tracking`` tells MLflow. Not here: how anything is computed.
"""

from mrie.run.inputs import FIRST, Inputs, Question, read_inputs
from mrie.run.ledger import withdraw
from mrie.run.phases import PHASES, Mapper, Watch, Work
from mrie.run.whole import Run, begin, finish, latest_run, load_report, run

__all__ = [
    "FIRST",
    "PHASES",
    "Inputs",
    "Mapper",
    "Question",
    "Run",
    "Watch",
    "Work",
    "begin",
    "finish",
    "latest_run",
    "load_report",
    "read_inputs",
    "run",
    "withdraw",
]
