"""The two programs of the page run as they stand, over a warehouse that has their rows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from research.java import require_java
from warehouse import Warehouse
from zeno.errors import ConfigError
from zeno.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "research-sources.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.long, pytest.mark.parametrize("store", [2], indirect=True, ids=["two shards"])]


def run(number: int, store: Warehouse, folder: Path) -> str:
    program = folder / "program.py"
    program.write_text(BLOCKS[number])
    surroundings = store.settings.child_environment(PYTHONPATH=str(PROJECT_ROOT))
    done = subprocess.run([sys.executable, program], env=surroundings, capture_output=True, text=True, timeout=300,
                          cwd=folder, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_dask_program(store, tmp_path):
    said = run(0, store, tmp_path)
    assert "Timestamp('2013-09-03 00:00:00+0000', tz='UTC')" in said
    assert "2013-09-02 09:00:00+00:00" in said


def test_the_spark_program(store, tmp_path):
    try:
        require_java()
    except ConfigError as error:
        pytest.skip(str(error))
    said = run(1, store, tmp_path)
    assert "sum(volume)" in said
    assert "|    ES|" in said


def test_the_page_has_two_programs(store):
    assert len(BLOCKS) == 2
