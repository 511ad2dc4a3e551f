"""Tables for people: nothing rounded, numbers whole on narrow terminals, sizes one can read."""

from decimal import Decimal

import pytest
from rich.console import Console

from cli import output


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


def test_text_is_folded_before_numbers_are(printed):
    lines = printed(30, ["source", "rows"], ["us_credit_and_factors_monthly", 1_773_580])
    assert lines[0].endswith("1,773,580")
    assert "".join(line.split("│")[0].strip() for line in lines) == "us_credit_and_factors_monthly"


def test_where_there_is_no_room_numbers_are_folded_and_no_digit_is_lost(printed):
    lines = printed(16, ["source", "rows"], ["emini", 1_773_580])
    assert "".join(line.split("│")[1].strip() for line in lines) == "1,773,580"


@pytest.mark.parametrize(
    ("size", "text"), [(None, "–"), (0, "0.0 MiB"), (5, "0.0 KiB"), (3_277, "3.2 KiB"), (2**20, "1.0 MiB")]
)
def test_sizes_are_in_kib_where_a_tenth_of_a_mib_says_nothing(size, text):
    assert output.megabytes(size) == text


def test_a_check_that_only_warns_is_not_counted_as_failed():
    from assets.progress import Checked
    from cli.progress import verdict

    checks = [Checked("a", "b", passed=passed, blocking=blocking, detail="")
              for passed, blocking in ((True, True), (False, False), (False, True))]  # fmt: skip
    assert verdict(checks) == "1 of 3 checks passed, 1 failed, 1 warned (the lines with !)"
    assert verdict(checks[:1]) == "1 of 1 checks passed"
    assert verdict(checks * 2) == verdict(checks)  # it ran again after the marts, and its line is printed once
