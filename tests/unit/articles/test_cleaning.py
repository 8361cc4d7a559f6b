"""Foreign text: plain lines, summaries, allow-listed HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles import cleaning

BASE = "https://courier.example/story"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Fish &amp; chips", "Fish & chips"),
        ("Fish & chips", "Fish & chips"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("&lt;b&gt; explained", "<b> explained"),
        ("A <b>bold</b> <i>claim</i>", "A bold claim"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("Hello<script>alert(1)</script> there", "Hello there"),
        ("Two\r\nBcc: victim@example.org", "Two Bcc: victim@example.org"),
        ("right\u202eto left\u2069 zero\u200bwidth\ufeff", "rightto left zerowidth"),
        ("nul\x00 bell\x07 del\x7f", "nul bell del"),
        ("a  \t b\u2028c", "a b c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("plain\u200dascii", "plainascii"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        (None, ""),
    ],
)
def test_text_becomes_one_plain_line(written: str | None, shown: str) -> None:
    assert cleaning.plain_line(written, limit=200) == shown


@given(st.text(max_size=400), st.integers(20, 60))
def test_a_plain_line_has_no_break_and_no_more_than_its_limit(written: str, limit: int) -> None:
    line = cleaning.plain_line(written, limit=limit)
    assert len(line) <= limit
    assert not re.search("[\r\n\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff]", line)
    line.encode()


def test_long_text_is_cut_at_a_word_with_an_ellipsis() -> None:
    assert cleaning.shortened("The harbour ferry sails again", 20) == "The harbour ferry…"
    assert cleaning.shortened("The harbour, ferry", 13) == "The harbour…"
    assert cleaning.shortened("新聞" * 20, 11) == "新聞" * 5 + "…"


@pytest.mark.parametrize(
    ("description", "summary"),
    [
        (
            "<p>It sails again.</p> <p>The post The ferry appeared first on The Courier.</p>",
            "It sails again.",
        ),
        ("It sails again [&#8230;]", "It sails again…"),
        ("It sails again. Read more »", "It sails again."),
        ("The ferry.", ""),
    ],
)
def test_a_summary_is_what_a_reader_wants(description: str, summary: str) -> None:
    assert cleaning.plain_summary(description, title="The ferry") == summary


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<p onclick=x style='color:red' class=y>Hi <b>there</b></p>", "<p>Hi <strong>there</strong></p>"),
        ("<script>alert(1)</script><img src=x onerror=alert(1)>text", "text"),
        ("<svg><style><img src=x onerror=alert(1)></style></svg>a", "a"),
        ("<!--[if mso]><table><![endif]-->a", "a"),
        ("</table></body></html>a", "a"),
        (
            "<a href='/x' target=_blank>a</a>",
            '<a href="https://courier.example/x" rel="noopener noreferrer nofollow">a</a>',
        ),
        ("<a href='javascript:alert(1)'>a</a>", '<a rel="noopener noreferrer nofollow">a</a>'),
        ("<a href=' MAILTO:a@b.example'>a</a>", None),
        (
            "<math><mtext><table><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
            "",
        ),
    ],
)
def test_only_harmless_html_stays(written: str, kept: str | None) -> None:
    cleaned = cleaning.summary_html(written, base=BASE)
    assert "alert" not in cleaned.replace("javascript", "")
    if kept is not None:
        assert cleaned == kept


def test_long_html_is_cut_and_still_balanced() -> None:
    cleaned = cleaning.summary_html(
        "<ul>" + "<li>one <em>more &amp; more</em></li>" * 400 + "</ul>", base=BASE
    )
    assert len(cleaned) < cleaning.LONGEST_HTML + 100
    assert cleaned.endswith("</ul>")
    for tag in ("ul", "li", "em"):
        assert cleaned.count(f"<{tag}>") == cleaned.count(f"</{tag}>")


@given(st.text(alphabet="<>/abpi=\"' &;!-[]scriptonlm", max_size=200))
def test_cleaned_html_holds_allowed_tags_only(written: str) -> None:
    cleaned = cleaning.summary_html(written, base=BASE)
    allowed = {"p", "br", "a", "em", "strong", "ul", "ol", "li", "blockquote", "code"}
    assert set(re.findall(r"<\s*/?\s*([a-zA-Z!][^\s>/]*)", cleaned)) <= allowed
