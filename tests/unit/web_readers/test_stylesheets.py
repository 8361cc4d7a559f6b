"""What every style sheet of reader pages keeps to."""

import re
from pathlib import Path

import pytest

from service.app import STATIC

#: The console is in English and older; everything else may be shown in Arabic.
SHEETS = sorted(path for path in STATIC.glob("*.css") if not path.name.startswith("console"))
every_sheet = pytest.mark.parametrize("sheet", SHEETS, ids=[path.name for path in SHEETS])

#: Properties and values that name a side of the screen instead of a side of the text.
_SIDES = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)"
    r"|(?:left|right|top|bottom|width|height|(?:min|max)-(?:width|height))\s*:"
    r"|border-(?:top|bottom)-(?:left|right)-radius|(?:float|clear|text-align)\s*:\s*(?:left|right))"
)
#: Widths of windows; `(min-width: ...)` has no logical form that is understood everywhere.
_CONDITIONS = re.compile(r"@media[^{]*(?=\{)")
_ASKED = re.compile(
    r"@media \(prefers-reduced-motion: no-preference\) (\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})"
)
TEMPLATES = STATIC.with_name("templates")
_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)


def rules(sheet: Path) -> str:
    return _CONDITIONS.sub("", _COMMENTS.sub("", sheet.read_text(encoding="utf-8")))


@every_sheet
def test_sides_are_those_of_the_text_so_that_arabic_mirrors(sheet: Path) -> None:
    assert _SIDES.findall(rules(sheet)) == []


@every_sheet
def test_shorthands_with_four_values_have_the_same_at_start_and_end(sheet: Path) -> None:
    four = re.findall(r"(?:margin|padding|inset):\s*([^\s;]+) ([^\s;]+) ([^\s;]+) ([^\s;]+);", rules(sheet))
    assert [values for values in four if values[1] != values[3]] == []


@every_sheet
def test_nothing_is_fetched_and_no_rule_is_empty(sheet: Path) -> None:
    text = rules(sheet)
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"\{\s*\}", text)
    assert text.count("{") == text.count("}")


@every_sheet
def test_type_follows_the_readers_own_size(sheet: Path) -> None:
    assert re.findall(r"font(?:-size)?:[^;]*?\d(?:px|pt)", rules(sheet)) == []


@every_sheet
def test_what_moves_asks_first(sheet: Path) -> None:
    unasked = _ASKED.sub("", sheet.read_text(encoding="utf-8"))
    assert re.findall(r"(?:transition|animation|scroll-behavior)\s*:", unasked) == []


def names_in_use() -> set[str]:
    """Words of class attributes in templates, and of strings in our scripts and views."""
    templates = [*(TEMPLATES / "readers").glob("*.html"), TEMPLATES / "error.html"]
    found: set[str] = set()
    for path in templates:
        text = path.read_text(encoding="utf-8")
        for written in re.findall(r'class="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\}|\{)*)"', text):
            found.update(re.findall(r"[\w-]+", written))
        # A block or a macro's argument that ends up in such an attribute.
        found.update(re.findall(r"[\w-]+", " ".join(re.findall(r"block measure %\}(.*?)\{%", text))))
        found.update(re.findall(r"[\w-]+", " ".join(re.findall(r'"([\w -]+)"', text))))
    for path in STATIC.glob("*.js"):
        strings = re.findall(r"[\"'`]([\w .-]+)[\"'`]", path.read_text(encoding="utf-8"))
        found.update(re.findall(r"[\w-]+", " ".join(strings)))
    return found


@every_sheet
def test_every_class_is_on_some_page(sheet: Path) -> None:
    selectors = re.sub(r"\{[^{}]*\}", "{}", rules(sheet))
    classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors))
    assert classes - names_in_use() == set()
