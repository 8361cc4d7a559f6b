"""Cells that a spreadsheet would run are text; numbers stay numbers."""

import pytest

from service.web.admin.csv_file import cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_looks_like_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"), [(-3, "-3"), (2.5, "2.5"), ("Ada", "Ada"), (None, ""), ("a=b", "a=b")]
)
def test_everything_else_is_written_as_it_is(value: object, written: str) -> None:
    assert cell(value) == written
