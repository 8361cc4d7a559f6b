"""What feeds, forms and operators write cannot break a mail, add a header or carry a script."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.emails.letters import DigestItem, DigestLetter
from service.emails.rendering import render
from tests.emails.markup import Mail, links_of_text
from tests.emails.samples import HEAD, LETTERS, READER, blast, digest, item

BREAKERS = (
    "</td></tr></table></body></html><script>alert(1)</script>",
    "--> <![endif]--> <!--[if mso]><table>",
    "{{ 7 * 7 }} {% raw %}",
    "</title><style>*{display:none}</style>",
    '"><img src=x onerror=alert(1)>',
    "line\r\nbreak\u2028and\x00nul\x1b[31m\u202egnp.exe",
    "half a pair \ud800 of surrogates",
    "   ",
    "x" * 3000,
    "&amp; &lt;b&gt; &#0; <![CDATA[ ]]>",
)


def with_first_item(**changes: object) -> DigestLetter:
    letter = digest(4)
    first, *others = letter.sections
    items = (replace(first.items[0], **changes), *first.items[1:])
    return replace(letter, sections=(replace(first, items=items), *others))


@pytest.mark.parametrize("text", BREAKERS)
def test_feed_content_is_shown_as_text_and_breaks_nothing(text: str) -> None:
    letter = with_first_item(
        title=text, summary=text, topic=text, source=text, author=text, reason=text, image_alt=text
    )
    content = render(replace(letter, subject=text, preheader=text))
    mail, clean = Mail(content.html), Mail(render(digest(4)).html)

    assert mail.unbalanced == []
    assert len(mail.elements) >= len(clean.elements) - 2  # an empty summary leaves its paragraph out
    assert {element.tag for element in mail.elements} == {element.tag for element in clean.elements}
    assert not any(name.startswith("on") for element in mail.elements for name in element.attributes)
    assert mail.pages == links_of_text(content.text) == clean.pages
    assert content.html.endswith("</body></html>")
    assert len(content.html.encode()) < 90_000
    for part in (content.text.replace("\n", ""), content.html.replace("\n", ""), content.subject):
        assert not {char for char in part if char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u202e"}
        part.encode("utf-8")


@given(title=st.text(max_size=60), summary=st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_text_keeps_the_mail_whole(title: str, summary: str) -> None:
    content = render(with_first_item(title=title, summary=summary))
    mail = Mail(content.html)
    assert mail.unbalanced == []
    assert mail.all("script") == []
    assert content.html.count("<h3") == 4
    assert "\r" not in content.text
    assert all(len(line) <= 78 or " " not in line.strip() for line in content.text.splitlines())


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:image/png;base64,AA", "//x.example/a.png", "", " "]
)
def test_a_picture_that_is_not_on_the_web_is_left_out(url: str) -> None:
    assert Mail(render(with_first_item(image_url=url)).html).all("img") == [
        picture for picture in Mail(render(digest(4)).html).all("img") if picture.attributes["width"] == "120"
    ]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "/relative", ""]
)
def test_a_link_that_is_not_a_web_address_stops_the_rendering(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        render(with_first_item(url=url))


@pytest.mark.parametrize("accent", ["red;}*{display:none", "#12345", "", "url(//x)", "#ggg000"])
def test_an_accent_that_is_no_colour_cannot_reach_the_style_sheet(accent: str) -> None:
    content = render(digest(2, head=replace(HEAD, accent=accent)))
    assert content == render(digest(2))


def test_hostile_markdown_leaves_text_and_safe_links_only() -> None:
    source = (
        "<script>alert(1)</script>\n\n[a](javascript:x) [b](data:text/html,x) [c](https://ok.example/)\n\n"
        '![p](javascript:x) ![q](https://ok.example/q.png "t")\n\n</div></td>\n\n<img src=x onerror=y>'
    )
    content = render(blast(markdown=source))
    mail = Mail(content.html)
    assert mail.unbalanced == []
    assert mail.all("script") == []
    assert {picture.attributes["src"] for picture in mail.all("img")} == {"https://ok.example/q.png"}
    assert mail.pages - {*READER, HEAD.home_url} == {"https://ok.example/"}


@pytest.mark.parametrize("locale", ["", "xx-nowhere", "en_US", "de", "ar-EG", "zh-Hant-TW", "<b>"])
def test_any_locale_renders_with_a_sound_language_tag(locale: str) -> None:
    html = render(digest(2, head=replace(HEAD, locale=locale))).html
    tag = Mail(html).all("html")[0].attributes["lang"]
    assert tag in {"en", "en-US", "de", "ar-EG", "zh-Hant-TW"}


def test_every_letter_is_rendered_the_same_twice() -> None:
    assert [render(letter) for letter in LETTERS.values()] == [render(letter) for letter in LETTERS.values()]


def test_an_item_without_anything_optional_is_still_whole() -> None:
    bare = DigestItem(title="T", summary="", url=item(1).url, topic="Energy", source="Post", reason="")
    letter = digest(1)
    content = render(replace(letter, sections=(replace(letter.sections[0], items=(bare,)),)))
    assert "1. T\n   Energy · Post\n   https://" in content.text
    assert "None" not in content.html
