"""A spec's hash is the study's id: equal questions are one study, and anything that may change the answer another."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.canonical import canonical
from research.code import code_version
from research.spec import Spec
from zeno.errors import ContractError


class Side(Enum):
    BUY = "buy"


QUESTION, DATA = {"fast": [5, 10], "cost": "bps:1"}, {"symbols": ["A", "B"], "as_of": "2020"}
SPEC = Spec("walk_forward", QUESTION, DATA, "snap", "code")


def test_the_order_of_keys_does_not_matter():
    turned = replace(SPEC, question=dict(reversed(SPEC.question.items())), data=dict(reversed(SPEC.data.items())))
    assert turned.id == SPEC.id


@pytest.mark.parametrize("changed", [
    {"kind": "sweep"}, {"question": QUESTION | {"cost": "bps:2"}}, {"question": QUESTION | {"fast": [10, 5]}},
    {"data": {"symbols": ["A"], "as_of": "2020"}}, {"data": {"symbols": ["A", "B"], "as_of": "2021"}},
    {"snapshot": "other"}, {"code": "other"},
], ids=str)  # fmt: skip
def test_whatever_the_answer_depends_on_makes_another_study(changed):
    assert replace(SPEC, **changed).id != SPEC.id


def test_a_spec_is_read_back_as_it_was_written():
    assert Spec.from_text(SPEC.text).text == SPEC.text
    assert len(SPEC.id) == 16


def test_values_of_all_kinds_have_one_text():
    value = {"d": Decimal("1.10"), "day": date(2020, 1, 2), "array": np.array([1, 2]), "number": np.float64(0.1)}
    assert canonical(value) == '{"array":[1,2],"d":"1.10","day":"2020-01-02","number":0.1}'
    assert canonical([Side.BUY, Path("a/b"), "Zürich", None, True]) == '["buy","a/b","Zürich",null,true]'


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_all_its_bits(number):
    import json

    assert json.loads(canonical([number]))[0] == number


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, pytest.param(object(), id="object")], ids=str)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(ContractError, match="no canonical form"):
        canonical({"value": value})


def test_a_changed_file_is_other_code(tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text("a = 1")
    before = code_version(("zeno",), (mine,))
    code_version.cache_clear()
    assert code_version(("zeno",), (mine,)) == before
    mine.write_text("a = 2")
    code_version.cache_clear()
    assert code_version(("zeno",), (mine,)) != before
    assert code_version(("zeno", "warehouse"), (mine,)) != code_version(("zeno",), (mine,))


def test_whatever_a_room_computes_with_is_its_code_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    room = tmp_path / "a_room"
    (room / "inner").mkdir(parents=True)

    def version() -> str:
        code_version.cache_clear()
        return code_version(("a_room",))

    seen = []
    for name in ("__init__.py", "inner/deep.py", "table.csv", "model.sql", "model2.sql"):
        (room / name).write_text("1")
        seen.append(version())
    (room / "inner/deep.py").write_text("2")
    seen.append(version())
    (room / "model2.sql").rename(room / "model3.sql")
    seen.append(version())
    assert len(set(seen)) == len(seen)
    (room / "notes.md").write_text("none of its business")
    assert version() == seen[-1]


def test_text_that_moves_from_one_file_to_the_next_is_other_code(tmp_path):
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    versions = set()
    for texts in (("ab", "c"), ("a", "bc")):
        first.write_text(texts[0])
        second.write_text(texts[1])
        code_version.cache_clear()
        versions.add(code_version(("research",), (first, second)))
    assert len(versions) == 2


@pytest.mark.parametrize("changed", [
    ("research.code.platform.python_version_tuple", lambda: ("3", "99", "0")),
    ("research.code.importlib.metadata.version", lambda name: "99.0" if name == "scipy" else "1.0"),
], ids=["Python", "SciPy"])  # fmt: skip
def test_another_python_or_library_is_other_code(monkeypatch, changed):
    """Either may give other last digits: Python's own sum does since 3.12."""
    monkeypatch.setattr("research.code.importlib.metadata.version", lambda name: "1.0")
    found = []
    for _ in range(2):
        code_version.cache_clear()
        found.append(code_version(("research",)))
        monkeypatch.setattr(*changed)
    code_version.cache_clear()
    assert found[0] != found[1]
