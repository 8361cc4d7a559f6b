"""Digests of each layout, and under conditions that a real newsletter meets."""

from dataclasses import replace

from service.emails.letters import DigestItem, DigestLetter, DigestSection, Layout, Letter
from service.emails.typefaces import Typeface
from tests.emails.samples import HEAD, LETTERS, digest, item

UKRAINIAN_WORDS = (
    "Портові електростанції пережили перший зимовий вечір без газу, і диспетчери узбережжя кажуть, що "
    "найважчий іспит, безвітряний тиждень у січні, ще попереду: запасів вистачило на чотири години."
)
GERMAN_HEADLINE = (
    "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente steigt, während "
    "die Hafenwirtschaftsförderungsgesellschaft Stromspeicherinfrastrukturausbauprogramme ankündigt"
)


def _with(letter: DigestLetter, **changes: object) -> DigestLetter:
    sections = tuple(
        DigestSection(one.key, one.heading, tuple(replace(each, **changes) for each in one.items))
        for one in letter.sections
    )
    return replace(letter, sections=sections)


def _one_story() -> DigestLetter:
    story: DigestItem = replace(item(1), image_width=1200, image_height=630)
    letter = digest(1)
    return replace(letter, sections=(DigestSection("new", "New in your topics", (story,)),))


VARIANTS: dict[str, Letter] = {
    "digest_rows": digest(6, head=replace(HEAD, layout=Layout.ROWS, typeface=Typeface.BOOK)),
    "digest_compact": digest(14, head=replace(HEAD, layout=Layout.COMPACT, typeface=Typeface.PLAIN)),
    "digest_text": digest(6, head=replace(HEAD, layout=Layout.TEXT, typeface=Typeface.MODERN)),
    "digest_without_pictures": _with(digest(4), image_url=None),
    "digest_one_story": _one_story(),
    "digest_of_the_house": _with(digest(3), source=HEAD.newsletter),
    "digest_tall_picture": _with(digest(3), image_width=800, image_height=1200),
    "digest_german": _with(
        digest(11, head=replace(HEAD, locale="de", accent="#0b5394")),
        title=GERMAN_HEADLINE,
        topic="Wissenschaft und Technik",
        source="Hafenkurier Nordwestdeutschland",
    ),
    "digest_ukrainian": _with(
        digest(14, head=replace(HEAD, locale="uk", typeface=Typeface.HUMANIST)),
        title=UKRAINIAN_WORDS[:110],
        summary=UKRAINIAN_WORDS,
        topic="Енергетика",
        source="Портовий вісник",
        author="Олена Шевченко",
        reason="Ви стежите за темою «Енергетика»",
    ),
    "digest_logo": digest(
        3,
        head=replace(
            HEAD,
            logo_url="https://post.example.org/logo/abc.png",
            logo_width=220,
            logo_height=60,
            logo_plate=True,
        ),
    ),
}

EVERY: dict[str, Letter] = {**LETTERS, **VARIANTS}
