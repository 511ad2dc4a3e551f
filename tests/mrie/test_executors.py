"""Where a phase is computed does not show: readings, refits, edges and placebos are the same bits everywhere."""

import pytest
from java import SPARK
from macro_vintages import economy
from planted_graph import planted_graph, planted_series

from mrie.causal import edge_tasks, evaluate_edge, node_frame, placebo_tasks
from mrie.models import read_months
from mrie.panel import Panel
from mrie.panel.interchange import interchange_rows
from mrie.panel.months import parse_month
from research.mapping import fan_out, packed


def readings(**options):
    panel = Panel(interchange_rows(economy(last="1991-12"), "economy"))
    return read_months(panel, parse_month("1989-06"), parse_month("1991-06"), **options)


def edges(mapper=map) -> list[str]:
    """The planted edges with two placebos each, as text that tells every bit."""
    tasks = edge_tasks(node_frame(planted_series(), planted_graph()), planted_graph())
    return [packed(found) for found in mapper(evaluate_edge, (*tasks, *placebo_tasks(tasks, 2, seed=7)))]


@pytest.fixture(scope="module")
def plain():
    with fan_out("local") as mapper:
        return readings(), edges(mapper)


@pytest.mark.parametrize("where", ["local", "dask", SPARK])
def test_every_executor_finds_the_same_bits(where, plain):
    with fan_out(where, 2) as mapper:
        found, tested = readings(mapper=mapper), edges(mapper)
    assert found.table.equals(plain[0].table)
    assert [one.record for one in found.fits] == [one.record for one in plain[0].fits]
    assert len(tested) == 9
    assert tested == plain[1]
