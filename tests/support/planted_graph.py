"""A small graph whose truth is planted: one effect that is there, one that is not, one that changes its sign."""

import json

import numpy as np
import pandas as pd

from mrie.causal import Graph, load_graph

MONTHS = pd.date_range("1959-01-01", "2022-09-01", freq="MS")


def planted_graph(**procedure: object) -> Graph:
    """Return driver -> follower (true), stranger -> follower (not true) and driver -> turncoat (true until 1989)."""
    shipped = json.loads(json.dumps(_shipped()))
    shipped["nodes"] = [
        {
            "name": name,
            "title": name.title(),
            "unit": "percent",
            "kind": "level",
            "series": name.upper(),
            "place": place,
        }
        for name, place in (("driver", [0, 0]), ("stranger", [0, 1]), ("follower", [1, 0]), ("turncoat", [1, 1]))
    ]
    shipped["edges"] = [
        {"cause": cause, "effect": effect, "sign": "positive", "lag_months": 2, "mechanism": "Planted."}
        for cause, effect in (("driver", "follower"), ("stranger", "follower"), ("driver", "turncoat"))
    ]
    shipped["procedure"] |= procedure
    return load_graph(json.dumps(shipped))


def planted_series(seed: int = 1) -> pd.DataFrame:
    """Return the series of ``planted_graph``, 765 months."""
    draw = np.random.default_rng(seed)
    driver, stranger, noise, other = draw.standard_normal((4, len(MONTHS)))
    follower, turncoat = np.zeros(len(MONTHS)), np.zeros(len(MONTHS))
    turn = np.where(MONTHS.year < 1990, 1.0, -1.0)
    for at in range(2, len(MONTHS)):
        follower[at] = 0.5 * follower[at - 1] + 0.6 * driver[at - 2] + noise[at]
        turncoat[at] = 0.5 * turncoat[at - 1] + 0.6 * turn[at] * driver[at - 2] + other[at]
    columns = {"DRIVER": driver, "STRANGER": stranger, "FOLLOWER": follower, "TURNCOAT": turncoat}
    return pd.DataFrame(columns, index=MONTHS)


def _shipped() -> dict:
    from importlib.resources import files

    return json.loads(files("mrie.causal").joinpath("graph.json").read_text("utf-8"))
