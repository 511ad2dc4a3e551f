"""A spec's hash is the study's id: equal questions are one study, and anything that may change the answer another."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.canonical import canonical
from research.code import code_version
from research.spec import Spec
from zeno.errors import ContractError

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


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_all_its_bits(number):
    import json

    assert json.loads(canonical([number]))[0] == number


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()], ids=str)
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
