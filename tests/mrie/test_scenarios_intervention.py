"""do(x) is not seeing x: an act moves what surviving edges lead to, and never what caused the thing acted on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planted_graph import MONTHS, planted_graph

from mrie.causal import Edge, Node
from mrie.scenarios import observed, run_conditional, run_intervention, set_to
from mrie.scenarios.conditions import Set
from mrie.scenarios.intervention import effect, equations, reached, structure
from zeno.errors import ConfigError, OutOfSupport

CHAIN = ("root", "middle", "leaf")
NODES = {name: Node(name, name, "percent", "level", name.upper()) for name in CHAIN}
EDGES = (Edge("root", "middle", 1, 2, "Planted."), Edge("middle", "leaf", 1, 3, "Planted."))
GRAPH = replace(planted_graph(), nodes=NODES, edges=EDGES)
ALL = frozenset(edge.name for edge in EDGES)


def chain(months: int = len(MONTHS), seed: int = 7) -> pd.DataFrame:
    """root -> middle -> leaf: each month, 0.8 times the mean of the cause's last 2 and 3 months."""
    noise = np.random.default_rng(seed).standard_normal((months, 3))
    values = np.zeros((months, 3))
    for at in range(3, months):
        values[at, 0] = 0.6 * values[at - 1, 0] + noise[at, 0]
        values[at, 1] = 0.2 * values[at - 1, 1] + 0.8 * values[at - 2 : at, 0].mean() + 0.7 * noise[at, 1]
        values[at, 2] = 0.2 * values[at - 1, 2] + 0.8 * values[at - 3 : at, 1].mean() + 0.7 * noise[at, 2]
    return pd.DataFrame(values, columns=list(CHAIN), index=pd.date_range(MONTHS[0], periods=months, freq="MS"))


@pytest.fixture(scope="module")
def nodes():
    return chain()


@pytest.fixture(scope="module")
def done(nodes):
    target = [float(nodes["middle"].iloc[-1]) + 1.0] * 4
    return run_intervention(nodes, set_to("middle", target), GRAPH, ALL)


@pytest.fixture(scope="module")
def seen(nodes):
    target = [float(nodes["middle"].iloc[-1]) + 1.0] * 4
    return run_conditional(nodes, observed("middle", target))


def test_an_act_leaves_causes_where_they_were(done):
    np.testing.assert_array_equal(done.value["root"], done.baseline["root"])
    np.testing.assert_array_equal(done.low["root"], done.high["root"])
    assert (done.value["leaf"] - done.baseline["leaf"]).iloc[3] > 0.5


def test_an_observation_revises_causes(seen):
    assert (seen.value["root"] - seen.baseline["root"]).abs().max() > 0.1
    assert seen.sense == "conditioned"


def test_the_two_senses_differ_and_say_which_they_are(done, seen):
    assert (done.sense, done.band) == ("intervened", "bootstrap")
    assert (seen.sense, seen.band) == ("conditioned", "conformal")
    assert not np.allclose(done.value["root"], seen.value["root"])


def test_the_variable_takes_the_values_it_is_set_to_and_is_then_let_go(nodes, done):
    target = float(nodes["middle"].iloc[-1]) + 1.0
    np.testing.assert_allclose(done.value["middle"].iloc[:4], target, rtol=1e-12)
    away = (done.value["middle"] - done.baseline["middle"]).abs()
    assert away.iloc[-1] < 0.2 * away.iloc[3]


def test_an_effect_is_the_planted_one(nodes):
    rows = structure({name: nodes[name].to_numpy() for name in CHAIN}, GRAPH, ALL)
    model = equations(rows)
    assert model["leaf"].effects["middle"] == pytest.approx(0.8, abs=0.12)
    baseline = np.zeros((8, 3))
    moved = effect(model, GRAPH, baseline, CHAIN, [Set("middle", step, 1.0) for step in range(1, 9)])
    # A lasting unit of the cause: 0.8 / (1 - 0.2) of the effect, in the end.
    assert moved[-1, 2] == pytest.approx(1.0, abs=0.2)
    assert moved[0, 2] == 0.0
    assert moved[1, 2] == pytest.approx(model["leaf"].effects["middle"] / 3)


@pytest.mark.parametrize("status", ["failed", "withdrawn"])
def test_an_act_does_not_travel_over_an_edge_that_does_not_hold(nodes, status):
    statuses = {"root->middle": "holds", "middle->leaf": status}
    kept = {name for name, found in statuses.items() if found == "holds"}
    target = [float(nodes["root"].iloc[-1]) + 1.0] * 4
    path = run_intervention(nodes, set_to("root", target), GRAPH, kept)
    np.testing.assert_array_equal(path.value["leaf"], path.baseline["leaf"])
    assert (path.value["middle"] - path.baseline["middle"]).abs().max() > 0.3
    over_all = run_intervention(nodes, set_to("root", target), GRAPH, ALL)
    assert (over_all.value["leaf"] - over_all.baseline["leaf"]).abs().max() > 0.2  # it would, if the edge held


def test_a_failed_edge_between_variables_that_are_reached_otherwise_carries_nothing(nodes):
    direct = replace(GRAPH, edges=(*EDGES, Edge("root", "leaf", 1, 1, "Planted.")))
    target = set_to("root", [float(nodes["root"].iloc[-1]) + 1.0] * 4)
    without, failed = (run_intervention(nodes, target, graph, ALL) for graph in (GRAPH, direct))
    pd.testing.assert_frame_equal(failed.value, without.value)
    held = run_intervention(nodes, target, direct, ALL | {"root->leaf"})
    assert (held.value - without.value)["leaf"].abs().max() > 1e-3


def test_without_surviving_edges_only_the_variable_itself_moves(nodes):
    path = run_intervention(nodes, set_to("root", [float(nodes["root"].iloc[-1]) + 0.5]), GRAPH, ())
    moved = (path.value - path.baseline).abs().max()
    assert list(moved.index[moved > 0]) == ["root"]


def test_what_an_act_can_reach():
    assert reached(ALL, GRAPH, ["root"]) == {"middle", "leaf"}
    assert reached(["root->middle"], GRAPH, ["root"]) == {"middle"}
    assert reached(ALL, GRAPH, ["leaf"]) == frozenset()


def test_a_confounder_is_held_constant():
    """root drives both others; leaf answers middle not at all: adjusted for root, the effect is nothing."""
    draw = np.random.default_rng(3).standard_normal((900, 3))
    root = np.convolve(draw[:, 0], [1.0, 0.8, 0.6], mode="same")
    middle, leaf = np.roll(root, 1) + 0.5 * draw[:, 1], np.roll(root, 2) + 0.5 * draw[:, 2]
    values = {"root": root, "middle": middle, "leaf": leaf}
    edges = (Edge("root", "middle", 1, 1, "Planted."), Edge("middle", "leaf", 1, 1, "Planted."))
    adjusted = equations(structure(values, replace(GRAPH, edges=edges), ["middle->leaf"]))
    unaware = equations(structure(values, replace(GRAPH, edges=edges[1:]), ["middle->leaf"]))
    assert unaware["leaf"].effects["middle"] > 0.3
    assert abs(adjusted["leaf"].effects["middle"]) < 0.5 * unaware["leaf"].effects["middle"]


def test_the_bootstrap_is_seeded_and_its_band_contains_the_effect(nodes, done):
    again = run_intervention(nodes, set_to("middle", [float(nodes["middle"].iloc[-1]) + 1.0] * 4), GRAPH, ALL)
    pd.testing.assert_frame_equal(again.high, done.high)
    assert (done.low["leaf"] <= done.value["leaf"]).all()
    assert (done.value["leaf"] <= done.high["leaf"]).all()
    assert (done.high["leaf"] - done.low["leaf"]).iloc[5] > 0.05


@pytest.mark.parametrize(("offset", "reason"), [
    ([0.0, 0.0, 30.0], "was never seen"),
    ([4.5, -4.5], "the fastest ever was"),
    ([1.4, -1.4] * 6, "farther from what is expected"),
])  # fmt: skip
def test_a_path_out_of_support_is_refused_with_the_reason(nodes, offset, reason):
    steady = nodes.copy()
    target = [float(steady["root"].median()) + move for move in offset]
    with pytest.raises(OutOfSupport, match=reason):
        run_intervention(nodes, set_to("root", target), GRAPH, ALL)
    with pytest.raises(OutOfSupport, match=reason):
        run_conditional(nodes, observed("root", target))


def test_what_happened_before_is_in_support(nodes):
    """The last six months, asked for again from where they began, are no more than was seen."""
    past = nodes.iloc[:-6]
    run_intervention(past, set_to("root", nodes["root"].iloc[-6:].tolist()), GRAPH, ALL)


def test_an_unknown_variable_cannot_be_set(nodes):
    with pytest.raises(ConfigError, match="no variable moon"):
        run_intervention(nodes, set_to("moon", [1.0]), GRAPH, ALL)
