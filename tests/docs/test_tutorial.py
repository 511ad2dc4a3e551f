"""The tutorial's Python blocks run in order, and its commands name options and strategies that exist."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from backtest.options import costs, sizer, slippage
from backtest.strategies.registry import CATALOGUE
from cli.backtest_options import Options

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PAGE.read_text()
    page = ModuleType("tutorial")
    monkeypatch.setitem(sys.modules, "tutorial", page)
    found = list(BLOCK.finditer(text))
    assert len(found) >= 10
    for number, block in enumerate(found):
        lines = text[: block.start(1)].count("\n")
        path = tmp_path / f"block{number}.py"  # a file of its own, padded, so that errors name the page's lines
        path.write_text("\n" * lines + block[1])
        exec(compile(path.read_text(), str(path), "exec"), page.__dict__)


def test_the_options_that_it_names_exist() -> None:
    known = {
        "--" + {"start": "from", "end": "to"}.get(name, name).replace("_", "-") for name in Options.__dataclass_fields__
    }
    named = set(re.findall(r"--[a-z][a-z-]*", PAGE.read_text()))
    assert named <= known | {"--strategy", "--strategies", "--output", "--trials", "--journal"}


def test_the_sizers_and_costs_that_it_names_exist() -> None:
    rows = dict(re.findall(r"^\| `--(sizer|cost|slippage)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE))
    for text in re.findall(r"`(.*?)`", rows["sizer"]):
        sizer(text, 0, 252.0)
    for text in re.findall(r"`(.*?)`", rows["cost"]):
        costs(text, 0)
    for text in re.findall(r"`(.*?)`", rows["slippage"]):
        slippage(text)


def test_the_strategies_that_it_compares_exist() -> None:
    names = re.findall(r"--strategies ([a-z_,]+)", PAGE.read_text())
    assert names
    assert set(",".join(names).split(",")) <= set(CATALOGUE)
