"""Tables for people: nothing rounded, numbers whole on narrow terminals, sizes one can read."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from assets.progress import Checked, Failed, Skipped
from cli import output
from cli.progress import RunProgress, verdict
from zeno.errors import ConfigError


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return what a table looks like on a terminal so many columns wide."""

    def show(width: int, columns: list[str], *rows: list[object]) -> list[str]:
        monkeypatch.setattr(output, "console", Console(width=width))
        output.print_table("", columns, rows)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()][2:]

    return show


def test_decimals_of_a_column_have_the_places_that_its_longest_needs(printed):
    rows = [Decimal("1640.25000000")], [Decimal("1640.50000000")], [Decimal("0E-8")], [None]
    assert [line.strip() for line in printed(80, ["price"], *rows)] == ["1640.25", "1640.50", "0.00", "–"]
    assert printed(80, ["price"], [Decimal("0.00000001")])[0].strip() == "0.00000001"
    assert printed(80, ["price"], [Decimal(100)])[0].strip() == "100"
    assert [line.strip() for line in printed(80, ["price"], [Decimal("NaN")], [Decimal("1.50")])] == ["NaN", "1.5"]


def test_a_column_of_numbers_is_right_aligned_whatever_it_lacks(printed):
    assert printed(80, ["rows"], [1_773_580], [None]) == ["1,773,580", "        –"]


def test_what_is_to_be_copied_is_never_folded(monkeypatch, capsys):
    monkeypatch.setattr(output, "console", Console(width=40))
    output.print_table("", ["name", "source"], [["opening_range_breakout", "words " * 9]], whole=("name",))
    assert "opening_range_breakout" in capsys.readouterr().out


def test_text_is_folded_before_times_are(printed):
    lines = printed(
        34, ["source", "loaded"], ["us_credit_and_factors_monthly", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)]
    )
    assert lines[0].endswith("2026-01-02 03:04:05")


@pytest.mark.parametrize("width", [16, 20, 21])
def test_of_columns_of_numbers_no_digit_is_lost_however_narrow_it_is(printed, width):
    lines = [line.split("│") for line in printed(width, ["in", "stored"], [1_773_580, 1_773_581])]
    assert ["".join(line[at].strip() for line in lines) for at in (0, 1)] == ["1,773,580", "1,773,581"]


def test_no_letter_of_a_column_s_name_is_lost_either(monkeypatch, capsys):
    monkeypatch.setattr(output, "console", Console(width=14))
    output.print_table("", ["quarantined", "stored"], [[1, 2]])
    header = [line.split("┃" if "┃" in line else "│") for line in capsys.readouterr().out.split("━")[0].splitlines()]
    assert "".join(line[0].strip() for line in header) == "quarantined"


def test_where_there_is_no_room_numbers_are_folded_and_no_digit_is_lost(printed):
    lines = printed(16, ["source", "rows"], ["emini", 1_773_580])
    assert "".join(line.split("│")[1].strip() for line in lines) == "1,773,580"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "–"),
        (0, "0.0 MiB"),
        (5, "0.0 KiB"),
        (3_277, "3.2 KiB"),
        (104_857, "102.4 KiB"),
        (104_858, "0.1 MiB"),
        (2**20, "1.0 MiB"),
    ],
)
def test_sizes_are_in_kib_where_a_tenth_of_a_mib_says_nothing(size, text):
    assert output.megabytes(size) == text


def test_a_check_that_only_warns_is_not_counted_as_failed():
    checks = [Checked("a", "b", passed=passed, blocking=blocking, detail="")
              for passed, blocking in ((True, True), (False, False), (False, True))]  # fmt: skip
    assert verdict(checks) == "1 of 3 checks passed, 1 failed, 1 warned (the lines with !)"
    assert verdict(checks[:1]) == "1 of 1 checks passed"
    assert verdict(checks * 2) == verdict(checks)  # it ran again after the marts, and its line is printed once


def test_brackets_in_a_title_are_the_titles_own(monkeypatch, capsys):
    monkeypatch.setattr(output, "console", Console(width=80))
    output.print_table("Logs in /tmp/[a]", ["name"], [["as wide as its title"]])
    assert capsys.readouterr().out.startswith("Logs in /tmp/[a]")


def test_an_error_and_its_remedy_are_one_line_each_as_they_are_even_on_a_narrow_terminal(monkeypatch, capsys):
    monkeypatch.setattr(output, "errors", Console(stderr=True, width=40))
    message, remedy = (
        "No instrument of this warehouse has the symbol [/x].",
        'zeno query "SELECT [1, 2], [red] FROM ref"',
    )
    output.print_error(ConfigError(message, remedy=remedy), as_json=False)
    assert capsys.readouterr().err.splitlines() == [f"ConfigError {message}", f"  → {remedy}"]


EVENTS = (
    Failed("sources__a", "There is no column [/b].", "Write [x]."),
    Skipped("build_marts", "a source [/c] failed"),
    Checked("raw.bars", "gaps", passed=False, blocking=False, detail="[/d] lacks 2"),
    Checked("raw.bars", "gaps", passed=False, blocking=False, detail="[/d] lacks 2"),
)


def test_what_a_run_reports_is_printed_as_it_is_and_once(capsys):
    with RunProgress() as show:
        for event in EVENTS:
            show(event)
    assert capsys.readouterr().err.splitlines() == [
        "✗ sources__a There is no column [/b].",
        "  → Write [x].",
        "· build_marts: a source [/c] failed",
        "! raw.bars gaps: [/d] lacks 2",
    ]


def test_programs_are_told_nothing_on_the_way(capsys):
    with RunProgress(quiet=True) as show:
        for event in EVENTS:
            show(event)
    assert capsys.readouterr().err == ""
