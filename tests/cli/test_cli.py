"""The command line as a program: exit codes, JSON, formats, and errors that name the remedy."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import trades
from real_stocks import real_closes

from cli.output import shown
from cli.services import logs
from zeno.settings import Settings

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def zeno(loader, warehouse):
    """Run the command in a process of its own on the session's warehouse, which holds three trades."""
    loader.load(trades(3, price=["1640.25", "1640.5", "nan"]))

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"ZENO_HOME": str(warehouse.settings.home), "COLUMNS": "200"} | variables
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)

    return run


def test_query_as_json_keeps_every_digit(zeno):
    done = zeno("query", "SELECT price, ord FROM raw.trades ORDER BY ord;", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == [{"price": "1640.25", "ord": 0}, {"price": "1640.5", "ord": 1}]


def test_query_counts_as_a_number(zeno):
    assert json.loads(zeno("query", "SELECT count() FROM raw.trades", "--json").stdout) == [{"count()": 2}]


def test_query_as_csv_and_as_a_table(zeno):
    csv = zeno("query", "SELECT ord, price FROM raw.trades ORDER BY ord", "--format", "csv")
    assert csv.stdout.splitlines() == ['"ord","price"', "0,1640.25", "1,1640.5"]
    table = zeno("query", "SELECT price FROM raw.trades ORDER BY ord").stdout
    assert [line.strip() for line in table.splitlines()[-2:]] == ["1640.25", "1640.50"]
    long = zeno("query", "SELECT number AS n FROM numbers(202)").stdout.splitlines()
    assert [line.strip() for line in long[-2:]] == ["199", "… 2 more rows; --format csv writes them all."]


def test_query_as_parquet_to_a_file(zeno, tmp_path):
    path = tmp_path / "out.parquet"
    assert zeno("query", "SELECT * FROM raw.trades", "--format", "parquet", "-o", str(path)).returncode == 0
    assert pq.read_table(path)["side"].to_pylist() == ["buy", "buy"]


def test_query_shows_enums_as_text_and_wide_integers_as_numbers(zeno):
    wide = ("SELECT side, [side] AS sides, toInt128(ord) * -1000 AS plain, toInt256(ord) * -1000 AS far, "
            "CAST(NULL, 'Nullable(UInt128)') AS none FROM raw.trades ORDER BY ord DESC -- the last first")  # fmt: skip
    done = zeno("query", wide)
    assert done.returncode == 0, done.stderr
    first, second = ([cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()[-2:])
    assert first == ["buy", "['buy']", "-1,000", "-1,000", "–"]
    assert second[2:4] == ["0", "0"]
    assert "raw" in zeno("query", "SHOW DATABASES").stdout


def test_a_failing_query_says_why_and_exits_with_4(zeno):
    done = zeno("query", "SELECT nope FROM raw.trades", "--json")
    assert done.returncode == 4
    assert "nope" in json.loads(done.stderr)["message"]


@pytest.mark.parametrize(("sql", "remedy"), [
    ("SELECT pricee FROM raw.trades", "Did you mean price? zeno query \"DESCRIBE TABLE raw.trades\""),
    ("SELECT t.pricee FROM raw.trades AS t", "Did you mean price? zeno query \"DESCRIBE TABLE raw.trades\""),
    ("SELECT utterly_unlike FROM raw.trades", "zeno query \"DESCRIBE TABLE raw.trades\""),
    ("SELECT * FROM raw.tradez", "Did you mean raw.trades?"),
    ("SELECT * FROM nowhere.trades", "Did you mean raw.trades?"),
    ("SELECT * FROM trades", "Did you mean raw.trades?"),
    ("SELEC 1", "no valid SQL"),
    ("SELECT 1 +", "no valid SQL"),
    ("SELECT nonesuch(1)", "lists the functions"),
    ("SELECT sleep(3) SETTINGS max_execution_time = 1", "A query has five minutes"),
    ("SELECT number FROM numbers(9) SETTINGS max_result_rows = 3", "Ask for less"),
    ("DROP TABLE raw.trades", "only reads"),
    ("SELECT toDate('x')", "ClickHouse's SQL"),
])  # fmt: skip
def test_every_mistake_in_sql_has_a_remedy(zeno, sql, remedy):
    told = json.loads(zeno("query", sql, "--json").stderr)
    assert remedy in told["remedy"], told


@pytest.mark.parametrize("sql", ["", " ", ";"])
def test_no_sql_is_said_to_be_none(zeno, sql):
    done = zeno("query", sql, "--json")
    assert (done.returncode, json.loads(done.stderr)["message"]) == (2, "There is no SQL to run.")


@pytest.mark.parametrize(("path", "said"), [("/nonexistent/x.csv", "there is no folder"), ("/tmp", "is a folder")])
def test_a_file_that_cannot_be_written_is_refused_before_the_query_runs(zeno, path, said):
    done = zeno("query", "SELECT nonesuch", "--format", "csv", "-o", path, "--json")
    told = json.loads(done.stderr)
    assert (done.returncode, told["error"]) == (2, "ConfigError")
    assert said in told["message"]


def test_ids_are_not_grouped(zeno):
    line = zeno("query", "SELECT toUInt64(12345678) AS batch, 12345 AS instrument_id, 4567 AS bid, 2013 AS year")
    assert [cell.strip() for cell in line.stdout.splitlines()[-1].split("│")] == ["12345678", "12345", "4,567", "2013"]


def test_a_query_cannot_write(zeno):
    done = zeno("query", "DROP TABLE raw.trades")
    assert done.returncode == 4
    assert "ACCESS_DENIED" in done.stderr.replace("\n", "")


def test_status_as_json_has_tables_and_quarantine(zeno):
    found = json.loads(zeno("status", "--json").stdout)
    rows = {entry["name"]: entry["rows"] for entry in found["tables"]}
    assert rows["raw.trades"] == 2
    assert found["quarantine"] == {"not_finite": 1}


def test_status_as_prometheus_metrics(zeno):
    assert 'zeno_table_rows{table="raw.trades"} 2.0' in zeno("status", "--prometheus").stdout


def test_audit_exits_with_1_when_rows_are_missing(zeno, warehouse):
    from warehouse.store import User

    assert zeno("warehouse", "audit").returncode == 0
    warehouse.client(User.ADMIN).command("TRUNCATE TABLE raw.trades")
    done = zeno("warehouse", "audit", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)[0]["expected"] == 2


def test_warehouse_status_exits_with_4_when_it_is_down(zeno, tmp_path):
    done = zeno("warehouse", "status", ZENO_HOME=str(tmp_path))
    assert done.returncode == 4
    assert "zeno warehouse up" in done.stderr


@pytest.mark.parametrize("shards", ["0", "two", "99"])
def test_a_setting_that_cannot_be_exits_with_2(zeno, shards):
    done = zeno("status", ZENO_SHARDS=shards)
    assert done.returncode == 2
    assert "whole number from 1 to" in done.stderr.replace("\n", " ")


def test_elt_sources_lists_every_data_set(zeno):
    names = {entry["name"] for entry in json.loads(zeno("elt", "sources", "--json").stdout)}
    assert {"emini_trades", "us_macro_monthly", "fred_vintages"} <= names


def test_an_unknown_data_set_is_named_with_the_remedy(zeno):
    done = zeno("elt", "run", "nope")
    assert done.returncode == 2
    assert "zeno elt sources" in done.stderr


def test_a_source_that_needs_a_key_says_which_and_where(zeno):
    done = zeno("elt", "run", "fred_vintages", FRED_API_KEY="")
    assert done.returncode == 1
    assert "FRED_API_KEY" in done.stderr


def test_elt_status_shows_what_became_of_each_sources_rows(zeno):
    (row,) = [
        entry for entry in json.loads(zeno("elt", "status", "--json").stdout) if entry["table_name"] == "raw.trades"
    ]
    assert (row["rows_in"], row["rows_stored"], row["rows_quarantined"]) == (3, 2, 1)


def test_numbers_are_shown_as_people_read_them():
    assert shown(1234567) == "1,234,567"
    assert shown(None) == "–"
    assert shown(True) == "yes"


def test_brackets_are_the_values_own_and_not_markup(zeno):
    assert "[/x] of [red]" in zeno("query", "SELECT '[/x] of [red]' AS \"a [/b]\"").stdout


def test_brackets_in_an_error_are_printed_as_they_are(zeno):
    done = zeno("backtest", "run", "-s", "[/x]", "--symbols", "ES")
    assert done.returncode == 2
    assert "there is no strategy [/x]" in done.stderr


def test_an_error_is_not_cut_into_lines_so_that_its_remedy_can_be_copied(zeno):
    done = zeno("backtest", "run", "-s", "sma_crossover", "--symbols", "NOPE", COLUMNS="40")
    assert 'zeno query "SELECT * FROM ref.symbols"' in done.stderr


def test_a_data_folder_that_cannot_be_written_is_said_without_a_traceback(tmp_path):
    (tmp_path / "file").touch()
    environment = os.environ | {"ZENO_HOME": str(tmp_path / "file" / "home")}
    command = [sys.executable, "-m", "cli.main", "elt", "sources", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 2
    assert "ZENO_HOME" in json.loads(done.stderr)["remedy"]


def zeno_alone(
    home: Path, *arguments: str, code: str = "import cli.main as m\nm.run()"
) -> subprocess.CompletedProcess[str]:
    """Run the command, or some code in its place, in a data folder without a warehouse."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True,
                          env=os.environ | {"ZENO_HOME": str(home)}, cwd=ROOT, check=False)  # fmt: skip


@pytest.mark.parametrize(("command", "goes_on"), [("elt", True), ("query", False)])
def test_an_interrupted_command_says_what_goes_on(tmp_path, command, goes_on):
    code = "import cli.main as m\ndef app(): raise SystemExit(130)\nm.app = app\nm.run()"
    done = zeno_alone(tmp_path, command, code=code)
    assert done.returncode == 130
    assert done.stderr.startswith("Interrupted.")
    assert ("the same command again does the rest" in done.stderr) is goes_on


@pytest.mark.parametrize(("arguments", "said"), [
    (["backtest", "run", "--json", "--bogus"], "No such option: --bogus"),
    (["up", "--port", "99999", "--json"], "less than or equal to 65535"),
    (["nonesuch", "--json"], "No such command 'nonesuch'"),
])  # fmt: skip
def test_a_wrong_command_line_is_told_as_json_where_it_asks_for_that(tmp_path, arguments, said):
    done = zeno_alone(tmp_path, *arguments)
    told = json.loads(done.stderr)
    assert (done.returncode, told["error"]) == (2, "ConfigError")
    assert said in told["message"]
    assert "--help" in told["remedy"]


def test_what_was_not_foreseen_is_told_as_json_and_logged(tmp_path):
    code = "import cli.main as m\ndef app(**_): raise KeyError('ours')\nm.app = app\nm.run()"
    done = zeno_alone(tmp_path, "query", "--json", code=code)
    assert (done.returncode, json.loads(done.stderr)["message"]) == (1, "KeyError: 'ours'")
    assert "Traceback" in (tmp_path / "logs" / "zeno.jsonl").read_text()


def test_help_is_no_error_with_json(tmp_path):
    done = zeno_alone(tmp_path, "backtest", "run", "--json", "--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_told(tmp_path):
    assert zeno_alone(tmp_path, "--version").stdout == f"zeno {version('zeno')}\n"


@pytest.mark.parametrize("port", ["0", "99999"])
def test_a_port_that_cannot_be_is_refused(zeno, port):
    assert zeno("up", "--port", port).returncode == 2


@pytest.mark.parametrize("arguments", [["logs"], ["logs", "zeno"]])
def test_a_log_that_nothing_was_written_to_is_no_error(tmp_path, arguments):
    done = zeno_alone(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to log yet" in done.stderr


def test_logs_without_a_name_and_with_a_wrong_one_name_those_there_are(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "dagster-daemon.log").touch()
    assert "dagster-daemon" in zeno_alone(tmp_path, "logs").stdout
    assert "Logs: dagster-daemon" in zeno_alone(tmp_path, "logs", "nope").stderr


def test_the_last_lines_of_a_log_are_printed_as_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ZENO_HOME", str(tmp_path))
    Settings.from_env().logs.mkdir()
    (Settings.from_env().logs / "zeno.jsonl").write_bytes(b"first\n[/b] of [red]\ncut \xff\n")
    logs("zeno", 2)
    assert capsys.readouterr().out.splitlines() == ["[/b] of [red]", "cut \ufffd"]


_MINE = """
from backtest.core.strategy import Strategy

class Buys(Strategy):
    def on_bar(self, now):
        now.hold(1)
"""


def test_the_first_use_of_a_strategy_says_that_it_compiles(tmp_path):
    (tmp_path / "mine.py").write_text(_MINE)
    pq.write_table(real_closes(1, 50), tmp_path / "bars.parquet")

    def run(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        ask = ["run", "-s", f"{tmp_path / 'mine.py'}:{name}", "--bars", str(tmp_path / "bars.parquet"), *more]
        environment = os.environ | {"ZENO_HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        return subprocess.run([sys.executable, "-m", "cli.main", "backtest", *ask], capture_output=True, text=True,
                              env=environment, cwd=ROOT, check=True)  # fmt: skip

    assert run("Buys").stderr.splitlines() == ["Compiling Buys (once) …"]
    assert run("Buys").stderr == ""
    (tmp_path / "mine.py").write_text(_MINE.replace("hold(1)", "hold(2)"))
    told = run("Buys", "--json")
    assert (told.stderr, json.loads(told.stdout)["strategy"]) == ("", "Buys")
