"""Rules that every mail keeps, in every variant (standards 29-30, 57, 59-69)."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from service.emails.colours import AA, PAPER, Accent, contrast
from service.emails.letters import EmailContent
from service.emails.rendering import render
from tests.emails.markup import Mail, links_of_text
from tests.emails.samples import BASE, digest
from tests.emails.variants import EVERY

RENDERED = {name: render(letter) for name, letter in EVERY.items()}
every_mail = pytest.mark.parametrize("content", RENDERED.values(), ids=RENDERED.keys())


@every_mail
def test_language_and_direction_are_said_where_clients_keep_them(content: EmailContent) -> None:
    mail = Mail(content.html)
    wrapper = mail.all("div")[0]
    for element in (mail.all("html")[0], mail.all("body")[0], wrapper):
        assert element.attributes["lang"] in {"en", "ar", "de", "uk"}
        assert element.attributes["dir"] == ("rtl" if element.attributes["lang"] == "ar" else "ltr")
    assert wrapper.attributes["role"] == "article"
    assert wrapper.path == ("html", "body")
    assert mail.all("title")[0].text.strip() == wrapper.attributes["aria-label"] != ""


@every_mail
def test_layout_tables_are_marked_and_tags_are_balanced(content: EmailContent) -> None:
    mail = Mail(content.html)
    assert mail.unbalanced == []
    assert mail.all("table")
    assert all(table.attributes.get("role") == "presentation" for table in mail.all("table"))
    for comment in re.findall(r"<!--\[if mso\]>.*?<!\[endif\]-->", content.html, re.DOTALL):
        assert comment.count("<table") == comment.count('role="presentation"')


@every_mail
def test_pictures_have_alternatives_and_widths(content: EmailContent) -> None:
    for picture in Mail(content.html).all("img"):
        assert "alt" in picture.attributes
        assert picture.attributes["width"].isdigit()
        assert picture.attributes["src"].startswith("https://")


@every_mail
def test_there_is_one_h1_and_no_level_is_skipped(content: EmailContent) -> None:
    levels = [int(e.tag[1]) for e in Mail(content.html).elements if re.fullmatch("h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_mail
def test_nothing_is_hidden(content: EmailContent) -> None:
    for element in Mail(content.html).elements:
        assert "hidden" not in element.attributes
        style = element.style
        assert style.get("display") != "none"
        assert style.get("visibility") != "hidden"
        assert not {"mso-hide", "opacity", "max-height"} & style.keys()
    assert not re.search("[\u200b\u200c\u200d\u2060\u00ad\u034f]", content.html)


@every_mail
def test_no_text_is_smaller_than_fourteen_pixels(content: EmailContent) -> None:
    spacers = {"&nbsp;", "\xa0", ""}
    for element in Mail(content.html).elements:
        size = element.style.get("font-size")
        if size and element.text.strip() not in spacers:
            assert float(size.removesuffix("px")) >= 14


@every_mail
def test_text_is_readable_on_its_paper(content: EmailContent) -> None:
    for element in Mail(content.html).elements:
        if colour := element.style.get("color"):
            ground = element.style.get("background-color", PAPER)
            on_button = "press" in element.attributes.get("class", "")
            assert on_button or contrast(colour, ground) >= AA, element.attributes


@every_mail
def test_the_button_is_readable_and_large_enough_to_tap(content: EmailContent) -> None:
    mail = Mail(content.html)
    presses = [a for a in mail.all("a") if "press" in a.attributes.get("class", "").split()]
    grounds = [td.attributes["bgcolor"] for td in mail.all("td") if "bgcolor" in td.attributes]
    for press, ground in zip(presses, grounds, strict=True):
        padding = int(press.style["padding"].split()[0].removesuffix("px"))
        assert 2 * padding + int(press.style["line-height"].removesuffix("px")) >= 44
        assert contrast(press.style["color"], ground) >= AA


@every_mail
def test_styles_that_matter_are_inline_and_no_foreign_code_is_left(content: EmailContent) -> None:
    mail = Mail(content.html)
    forbidden = {"script", "iframe", "form", "object", "embed", "link", "svg", "picture", "input", "base"}
    assert not {element.tag for element in mail.elements} & forbidden
    assert "data-css-inline" not in content.html
    assert "@import" not in content.html
    assert not re.search(r"(src|href)=.(data|javascript):", content.html)
    assert all("style" in td.attributes for td in mail.all("td") if "class" in td.attributes)
    assert sum(len(style.text) for style in mail.all("style")) < 16_000
    assert "prefers-color-scheme: dark" in content.html
    assert "[data-ogsc]" in content.html


@every_mail
def test_the_text_part_has_the_same_links_and_keeps_to_its_width(content: EmailContent) -> None:
    assert links_of_text(content.text) == Mail(content.html).pages
    for line in content.text.splitlines():
        assert len(line) <= 78 or "://" in line


@every_mail
def test_the_sender_and_the_postal_address_are_in_both_parts(content: EmailContent) -> None:
    assert "12 Quay Street" in content.text
    assert "12 Quay Street" in content.html


@every_mail
def test_the_first_words_of_the_mail_are_the_preheader(content: EmailContent) -> None:
    mail = Mail(content.html)
    description = next(m for m in mail.all("meta") if m.attributes.get("name") == "description")
    first = mail.all("body")[0].text.split("\n")
    shown = next(line.strip() for line in first if line.strip())
    assert shown == description.attributes["content"]
    assert " ".join(content.text.split()).startswith(shown)


@pytest.mark.parametrize("name", ["digest", "digest_first", "digest_arabic", "blast"])
def test_the_way_out_is_also_near_the_top(name: str) -> None:
    html = RENDERED[name].html
    assert html.count(f'href="{BASE}/u/') == 3
    assert html.index(f'href="{BASE}/u/') < html.index("<h2" if "digest" in name else "<h1")


def test_fourteen_stories_stay_far_below_where_gmail_clips() -> None:
    content = RENDERED["digest"]
    assert content.html.count("<h3") == 14
    assert len(content.html.encode()) <= 60_000


def test_stories_are_numbered_and_each_says_why_it_is_there() -> None:
    content = RENDERED["digest"]
    numbers = re.findall(r"^(\d+)\. ", content.text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 15)]
    for part in (content.text, content.html):
        assert part.count("Most read in Energy this week") == 2
        assert part.count("You follow Science") == 5


def test_a_right_to_left_mail_is_aligned_to_the_right() -> None:
    html = RENDERED["digest_arabic"].html
    mail = Mail(html)
    headline = next(td for td in mail.all("td") if "story" in td.attributes.get("class", ""))
    assert headline.attributes["align"] == "right"
    assert headline.style["text-align"] == "right"
    assert headline.style["direction"] == "rtl"
    thumb = next(td for td in mail.all("td") if "thumb" in td.attributes.get("class", ""))
    assert thumb.attributes["align"] == "left"
    assert "padding-right" in thumb.style
    assert "27 نوفمبر 2026" in html


def test_the_confirmation_advertises_nothing_and_offers_peace() -> None:
    content = RENDERED["confirm"]
    assert "News from the coast" not in content.text + content.html
    assert Mail(content.html).links == {
        f"{BASE}/c/WyJjbyIsNDIsMV0.c2lnbmF0dXJl",
        f"{BASE}/never/WyJubyIsNDJd.c2lnbmF0dXJl",
    }
    assert "ignore this mail and nothing happens" in content.text
    assert "Never mail me again" in content.html
    assert "Friday 4 December 2026" in content.text


def test_a_pale_accent_is_darkened_until_it_can_be_read() -> None:
    mail = Mail(RENDERED["digest_plain_letterhead"].html)
    inline = "".join(element.attributes.get("style", "") for element in mail.elements)
    assert "#ffd400" not in inline
    assert contrast(Accent.of("#ffd400").light, PAPER) >= AA


def test_a_paper_does_not_sign_each_story_in_its_own_newsletter() -> None:
    content = RENDERED["digest_of_the_house"]
    assert "Energy · The Harbour Post" not in content.text
    assert "The Harbour Post ·" not in re.sub(r"<[^>]+>", "", content.html)
    assert "Harbour Post · " in RENDERED["digest"].text


def test_a_digest_has_one_link_that_is_neither_seen_nor_heard_nor_reached_by_key() -> None:
    letter = replace(digest(3), trap_url="https://news.example.org/h/x")
    content = render(letter)
    [trap] = [e for e in Mail(content.html).elements if e.attributes.get("href") == letter.trap_url]
    assert (trap.attributes["aria-hidden"], trap.attributes["tabindex"]) == ("true", "-1")
    assert trap.text == ""
    assert letter.trap_url not in content.text
    plain = render(digest(3))
    assert "/h/" not in plain.html
