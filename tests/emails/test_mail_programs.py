"""Every mail uses only what the mail programs that we declare show, or is as good without it."""

import re

import pytest

from service.emails.letters import EmailContent
from service.emails.rendering import render
from tests.emails.clients import CLIENTS, ENHANCEMENTS, PARTLY, SUPPORT
from tests.emails.markup import Mail
from tests.emails.samples import blast
from tests.emails.variants import EVERY

#: Everything that an operator may write.
RICH = """\
# One\n\n## Two\n\n### Three\n\n1. a\n2. b\n\n- c\n\n> d\n\n---\n\n`e` ~~f~~ **g** *h* [i](https://ok.example/)

    code

| j | k |\n|---|---|\n| l | m |\n
"""
RENDERED = {
    **{name: render(letter) for name, letter in EVERY.items()},
    "rich_blast": render(blast(markdown=RICH)),
}
every_mail = pytest.mark.parametrize("content", RENDERED.values(), ids=RENDERED.keys())

#: For programs that are not in the table, or for the standards: nobody minds them.
IGNORED = {
    "xmlns",
    "xmlns:o",
    "name",
    "content",
    "charset",
    "aria-roledescription",
    "tabindex",
    "title",
    "scope",
}

#: Outlook for Windows knows the padding of cells only; a list or a quotation has its own indent there.
PADDED = {"td", "th", "ul", "ol", "blockquote", "pre"}


def used(html: str) -> set[str]:
    """Name every feature that a mail makes use of, as `SUPPORT` has it."""
    mail = Mail(html)
    found = {f"html {element.tag}" for element in mail.elements}
    found |= {f"attribute {name}" for e in mail.elements for name in e.attributes if name not in IGNORED}
    declarations = [pair for element in mail.elements for pair in element.style.items()]
    for sheet in mail.all("style"):
        text = re.sub(r"\s+", " ", sheet.text)
        found |= {f"at {name}" for name in re.findall(r"@[a-z-]+|(?<=\()(?:max-width|prefers-[a-z-]+)", text)}
        for selectors, body in re.findall(r"([^{}@]+)\{([^{}]*)\}", text):
            found |= {kind for selector in selectors.split(",") for kind in _kinds(selector.strip())}
            declarations += [
                (name.strip(), value.strip())
                for name, _, value in (rule.partition(":") for rule in body.split(";") if ":" in rule)
            ]
    found |= {f"css {name}" for name, _ in declarations}
    found |= {
        f"unit {unit}"
        for _, value in declarations
        for unit in re.findall(r"(?<![#\w])[\d.]+([a-z%]+)", value)
    }
    return found


def _kinds(selector: str) -> set[str]:
    kinds = {"selector descendant"} if " " in selector else set()
    for part in selector.split():
        kinds |= {"selector attribute"} if "[" in part else set()
        kinds |= {"selector class"} if "." in part else set()
        kinds |= {"selector type"} if re.match(r"[a-z]", part) else set()
        kinds |= {f"selector {sign}" for sign in re.findall(r"[:#>+~*]", part)}
    return kinds


@every_mail
def test_every_feature_is_known_and_shown_or_not_needed(content: EmailContent) -> None:
    features = used(content.html)
    assert features - SUPPORT.keys() == set(), "look these up, and write them down in tests/emails/clients.py"
    ignored = {feature for feature in features if "n" in SUPPORT[feature]}
    assert ignored - ENHANCEMENTS.keys() == set()
    partly = {feature for feature in features if "a" in SUPPORT[feature]}
    assert partly - PARTLY.keys() - ENHANCEMENTS.keys() == set()


def test_the_table_has_a_letter_for_each_program_and_nothing_that_no_mail_uses() -> None:
    assert {len(letters) for letters in SUPPORT.values()} == {len(CLIENTS)}
    assert set("".join(SUPPORT.values())) == set("yan")
    everything = set().union(*(used(content.html) for content in RENDERED.values()))
    assert (ENHANCEMENTS.keys() | PARTLY.keys()) - SUPPORT.keys() == set()
    # Right-to-left mails have quotations too, and tables of operators their heads.
    assert SUPPORT.keys() - everything <= {"css border-right", "attribute start"}


@every_mail
def test_what_is_shown_in_part_keeps_to_that_part(content: EmailContent) -> None:
    for element in Mail(content.html).elements:
        for name, value in element.style.items():
            if name == "margin":
                assert not re.search(r"-\d|auto", value), value
            if name.startswith("padding") and value != "0":
                assert element.tag in PADDED or "press" in element.attributes["class"]
            if name in {"font-size", "line-height"}:
                assert re.fullmatch(r"\d+px", value)
            if name == "font-weight":
                assert value in {"bold", "normal"}
            if name == "text-align":
                assert value in {"left", "right", "center"}
            if name.startswith("border") and (width := re.match(r"(\d+)px ", value)):
                assert int(width[1]) <= 8
            if name == "text-transform":
                assert value == "uppercase"


@every_mail
def test_colours_are_written_so_that_every_program_reads_them(content: EmailContent) -> None:
    colours = re.findall(r"(?:color|border[a-z-]*):([^;\"}]+)", content.html)
    for colour in colours:
        assert not re.search(r"rgba?\(|hsl|var\(|#[0-9a-f]{3}\b|#[0-9a-f]{8}\b", colour), colour
    assert not re.search(r"#f{6}|#0{6}", content.html), "pure white and black invert badly"
