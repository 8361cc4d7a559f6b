"""No English remains in a page or a mail of another language."""

import pytest

from tests.words.gathering import ROOT, templates
from tests.words.unmarked import unmarked


@pytest.mark.parametrize("name", [path.relative_to(ROOT).as_posix() for path in templates()])
def test_every_word_of_a_template_is_marked(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    assert unmarked(source, html=name.endswith(".html")) == []


def test_text_attributes_and_literals_outside_of_marks_are_found() -> None:
    source = """<p title="A title">Hello {{ name }}, <b>you</b></p>{{ "Save it" if x }}
    <img alt="">{% trans %}Marked{% endtrans %}{{ _("Marked too") }}<style>p { color: red }</style>"""
    assert unmarked(source, html=True) == ["A title", "Hello \0,", "you", "Save it"]
    assert unmarked("One line\n{{ _('marked') }}\n", html=False) == ["One line"]
