"""Markdown in both forms, dates, colours and the layout of a digest."""

from datetime import date

import pytest

from service.emails.colours import AA, DARK_PAPER, PAPER, Accent, contrast
from service.emails.layout import FULL_STORIES, Place, lay_out
from service.emails.letters import DigestSection, Layout
from service.emails.markdown import MOST_MARKS, check_marks, render_markdown
from service.errors import InvalidInput
from service.languages import speech
from service.languages.dates import long_date, short_date
from service.languages.offered import direction, language_tag
from tests.emails.markup import Mail, links_of_text
from tests.emails.samples import item


@pytest.mark.parametrize(
    ("source", "html", "text"),
    [
        ("Hello *there*", "<p>Hello <em>there</em></p>", "Hello there"),
        ("# One\n\n## Two", "<h2>One</h2>\n<h3>Two</h3>", "One\n---\n\nTwo\n---"),
        ("### Only", "<h2>Only</h2>", "Only\n----"),
        ("a  \nb", "<p>a<br>\nb</p>", "a\nb"),
        ("- a\n- b\n  - c", None, "- a\n- b\n  - c"),
        ("3. a\n4. b", None, "3. a\n4. b"),
        ("> a\n>\n> b", None, "> a\n\n> b"),
        ("```\ncode  x\n  y\n```", None, "    code  x\n      y"),
        ("[t](https://a.example/?x=1&y=2)", None, "t <https://a.example/?x=1&y=2>"),
        ("<https://a.example>", None, "https://a.example"),
        ("see https://a.example/x, or not", None, "see https://a.example/x, or not"),
        ("[desk](mailto:desk@a.example)", None, "desk <mailto:desk@a.example>"),
        ("![A boat](https://a.example/b.png)", None, "A boat"),
        ("|a|b|\n|-|-|\n|1|2|", None, "a | b\n1 | 2"),
        ("<b>raw</b> & more", "<p>&lt;b&gt;raw&lt;/b&gt; &amp; more</p>", "<b>raw</b> & more"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_markdown_in_both_forms(source: str, html: str | None, text: str) -> None:
    prose = render_markdown(source)
    assert prose.text == text
    assert html is None or prose.html == html


def test_both_forms_have_the_same_links() -> None:
    source = "https://a.example/1. [b](https://a.example/2) (https://a.example/3)"
    prose = render_markdown(source)
    assert Mail(prose.html).links == {f"https://a.example/{number}" for number in (1, 2, 3)}
    assert links_of_text(prose.text) == Mail(prose.html).links


@pytest.mark.parametrize(
    ("locale", "long", "short", "reads"),
    [
        ("en", "Friday 27 November 2026", "27 November", "ltr"),
        ("en-US", "Friday, November 27, 2026", "November 27", "ltr"),
        ("de", "Freitag, 27. November 2026", "27. November", "ltr"),
        ("de-AT", "Freitag, 27. November 2026", "27. November", "ltr"),
        ("pt_BR", "Friday 27 November 2026", "27 November", "ltr"),
        ("ar", "الجمعة، 27 نوفمبر 2026", "27 نوفمبر", "rtl"),
        ("nonsense!", "Friday 27 November 2026", "27 November", "ltr"),
    ],
)
def test_dates_are_written_as_the_locale_does(locale: str, long: str, short: str, reads: str) -> None:
    day = date(2026, 11, 27)
    with speech.speaking(locale):
        assert long_date(day) == long
        assert short_date(day) == short
    assert direction(locale) == reads


def test_the_language_tag_is_what_was_chosen_where_there_are_words_for_it() -> None:
    assert [language_tag(tag) for tag in ("en", "en_GB", "de_CH", "ar", "he", "??")] == [
        "en",
        "en-GB",
        "de-CH",
        "ar",
        "en",
        "en",
    ]


@pytest.mark.parametrize(
    "colour", ["#8a1c1c", "#ffd400", "#ffffff", "#000000", "#0000ff", "#7f7f7f", "#00ff00"]
)
def test_an_accent_is_readable_wherever_it_is_used(colour: str) -> None:
    accent = Accent.of(colour)
    assert contrast(accent.light, PAPER) >= AA
    assert contrast(accent.dark, DARK_PAPER) >= AA
    assert contrast(accent.on_light, accent.light) >= AA
    assert contrast(accent.on_dark, accent.dark) >= AA


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_first_story_leads_and_the_later_ones_are_in_brief() -> None:
    items = tuple(item(number) for number in range(1, 15))
    sections = (
        DigestSection(key="popular", heading="A", items=items[:3]),
        DigestSection(key="picks", heading="Empty", items=()),
        DigestSection(key="new", heading="B", items=items[3:]),
    )
    columns = lay_out(sections, Layout.LEAD)
    stories = [story for column in columns for story in column.stories]

    assert [column.heading for column in columns] == ["A", "B"]
    assert [story.number for story in stories] == list(range(1, 15))
    assert [story.place for story in stories] == (
        [Place.LEAD] + [Place.ROW] * (FULL_STORIES - 1) + [Place.BRIEF] * (14 - FULL_STORIES)
    )
    assert stories[0].picture is not None
    assert stories[0].picture.url == items[0].image_url
    assert all(story.picture is None for story in stories if story.place is Place.BRIEF)


@pytest.mark.parametrize("mark", ["![", "**a", "a|b\n", "[a](b)", "<"])
def test_a_text_of_nothing_but_marks_is_refused_before_it_is_parsed(mark: str) -> None:
    with pytest.raises(InvalidInput, match="marks of Markdown"):
        check_marks([mark * (MOST_MARKS + 1)])


def test_the_marks_of_all_texts_of_a_mail_count_together() -> None:
    check_marks(["*" * (MOST_MARKS // 2), "*" * (MOST_MARKS // 2)])

    with pytest.raises(InvalidInput):
        check_marks(["*" * (MOST_MARKS // 2), "*" * (MOST_MARKS // 2 + 1)])
