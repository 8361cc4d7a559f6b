"""Subjects, links and blocks of a blast: what is an error, and what only a warning."""

import pytest

from service.blasts import blocks, link_rules, subject_rules
from service.blasts.blocks import Block, Kind
from service.blasts.findings import Level
from service.errors import InvalidInput


@pytest.mark.parametrize(
    "subject", ["Re: our evening", "FWD: soup", "AW: Suppe", "Re[2]: x", "The soup (2)", ""]
)
def test_a_subject_that_deceives_or_is_missing_is_an_error(subject: str) -> None:
    assert Level.ERROR in [each.level for each in subject_rules.of_subject(subject)]


@pytest.mark.parametrize("subject", ["Reform: what comes next", "Regatta on Sunday", "NATO meets in Oslo"])
def test_an_ordinary_subject_is_nothing_to_complain_about(subject: str) -> None:
    assert subject_rules.of_subject(subject) == []


@pytest.mark.parametrize("subject", ["COME AND LOOK", "Come!!", "x" * 61, "Soup 🎉"])
def test_a_subject_that_is_loud_or_long_is_a_warning(subject: str) -> None:
    assert {each.level for each in subject_rules.of_subject(subject)} == {Level.WARNING}


@pytest.mark.parametrize(
    ("html", "level", "said"),
    [
        ('<a href="https://a.example/x">our programme</a>', None, ""),
        ('<a href="mailto:desk@a.example">the desk</a>', None, ""),
        ('<a href="https://a.example/?x=1&amp;y=2">our programme</a>', None, ""),
        ('<a href="https://a.example/x">Click here</a>', Level.WARNING, "do not say"),
        ('<a href="http://a.example/x">our programme</a>', Level.WARNING, "not encrypted"),
        ('<a href="https://bit.ly/x">our programme</a>', Level.WARNING, "shortened"),
        ('<a href="https://10.1.2.3/x">our programme</a>', Level.WARNING, "bare address"),
        ('<a href="https://a.example:81/x">our programme</a>', Level.WARNING, "bare address"),
        ('<a href="https://quay/x">our programme</a>', Level.ERROR, "not complete"),
        ('<a href="https://a.example/x"></a>', Level.ERROR, "no words"),
        (
            '<a href="https://b.example/x">https://a.example/x</a>',
            Level.ERROR,
            "shows a.example and leads to b",
        ),
        ('<img src="https://a.example/p.jpg" alt="">', Level.ERROR, "no alternative text"),
        ('<img src="https://a.example/p.jpg" alt="The hall">', None, ""),
    ],
)
def test_links_and_pictures(html: str, level: Level | None, said: str) -> None:
    [link] = link_rules.found(html)
    found = link_rules.of_link(link)

    assert [each.level for each in found] == ([level] if level else [])
    assert said in " ".join(each.sentence for each in found)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "example.org", "https://a.example/a b", 'https://a/"x', "//a"]
)
def test_a_block_takes_only_web_addresses(url: str) -> None:
    with pytest.raises(InvalidInput, match="no web address"):
        blocks.tidied([Block(Kind.BUTTON, text="Go", url=url)])


def test_blocks_are_kept_as_they_were_but_for_empty_ones() -> None:
    written = [
        Block(Kind.TEXT, text=" One\r\ntwo "),
        Block(Kind.QUOTE),
        Block(Kind.DIVIDER),
        Block(Kind.ARTICLE, article_id=7, url="https://not.ours.example/"),
    ]

    kept = blocks.read(blocks.write(blocks.tidied(written)))

    assert kept == (Block(Kind.TEXT, text="One\ntwo"), Block(Kind.DIVIDER), Block(Kind.ARTICLE, article_id=7))
