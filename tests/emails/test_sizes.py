"""No mail is so long that Gmail cuts it off: shortened are the stories, never the footer."""

from dataclasses import replace

import pytest

from service.delivery import quoted
from service.emails import sizes
from service.emails.letters import DigestLetter, Layout
from service.emails.rendering import render
from service.emails.splice import Slot, splice
from service.recipes.composing import PLACEHOLDERS, reader_values
from tests.emails.samples import HEAD, READER, digest
from tests.emails.variants import EVERY, UKRAINIAN_WORDS

#: Four bytes in UTF-8, twelve on the wire.
HUGE = "🜁🜂 " * 4_000


def size(letter: DigestLetter) -> int:
    return len(quoted.encode(render(letter).html))


def monstrous(layout: Layout, text: str) -> DigestLetter:
    letter = digest(14, head=replace(HEAD, layout=layout, newsletter=text[:80], tagline=text[:140]))
    items = [
        replace(
            item,
            title=text,
            summary=text,
            topic=text[:60],
            source=text,
            author=text,
            reason=text,
            image_url="https://img.example.org/" + "a=" * 130,
            image_alt=text,
        )
        for section in letter.sections
        for item in section.items
    ]
    section = letter.sections[0]
    return replace(
        letter,
        subject=text,
        preheader=text[:90],
        sections=tuple(replace(section, heading=text, items=(item,)) for item in items),
        links=PLACEHOLDERS,
    )


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(
    "text", [HUGE, '=&<>" ' * 1_000, "x" * 9_000, "Щ" * 9_000], ids=["emoji", "signs", "x", "Щ"]
)
def test_fourteen_monstrous_stories_leave_room_for_the_footer(layout: Layout, text: str) -> None:
    values = {**reader_values(READER), Slot.REASON: text}
    content = splice(render(monstrous(layout, text)), values)
    assert len(quoted.encode(content.html)) <= sizes.MOST
    assert content.html.count("<h3") == 14
    assert f'href="{READER.unsubscribe_url}"' in content.html
    assert content.html.rstrip().endswith("</html>")


@pytest.mark.parametrize("name", EVERY)
def test_a_mail_of_the_usual_kind_takes_at_most_sixty_kilobytes(name: str) -> None:
    content = render(EVERY[name])
    assert len(quoted.encode(content.html)) <= 60_000


@pytest.mark.parametrize(
    "text", ["", "a", "=" * 40, "Щука " * 300, "x & y < z " * 80, "🜁" * 99, UKRAINIAN_WORDS]
)
def test_what_a_text_takes_is_never_more_than_was_reckoned(text: str) -> None:
    assert len(quoted.encode(text)) <= sizes.encoded(text)
    assert sizes.within(text, sizes.encoded(text)) == text
    assert sizes.encoded(sizes.within(text, 300)) <= 360


def test_what_is_shortened_ends_at_a_word_and_says_so() -> None:
    assert sizes.within("Щука пливе " * 99, 200).endswith("…")
    assert sizes.within("Щука пливе " * 99, 200).split(" ")[0] == "Щука"
