"""The kinds that the package declares are there under their names."""

import importlib
import tomllib
from pathlib import Path

import pytest

from research.kinds import GROUP

ROOT = Path(__file__).parents[3]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]


def loaded(path: str):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def test_all_kinds_are_declared():
    assert {"walk_forward", "sweep", "monte_carlo", "ablation", "regime"} <= set(DECLARED)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_kind_has_the_name_it_is_declared_by_and_a_function_that_workers_find(name):
    kind = loaded(DECLARED[name])
    assert kind.name == name
    assert callable(loaded(kind.function))
    assert set(kind.rooms) <= {"zeno", "warehouse", "research", "backtest", "mrie", "collectors"}


def test_every_kind_has_its_command():
    from cli.study_start import app

    commands = {one.name or one.callback.__name__ for one in app.registered_commands}
    assert {name.replace("_", "-") for name in DECLARED} <= commands
