"""Parts that many digests share, each rendered once: a story, a heading, and the frame around them.

Rendering and inlining one takes 0.1 ms; the process remembers the latest ones by what they are made from.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from service.emails import sizes, templates
from service.emails.illustrating import Picture
from service.emails.inlining import inline, inline_fragment
from service.emails.layout import Place, Story
from service.emails.letters import DigestItem, DigestLetter, Letterhead, SubscriberLinks
from service.emails.looks import Look, look_of
from service.emails.splice import LetterSlot, Slot, StorySlot, defuse, placeholder
from service.languages import speech

_URL, _REASON, _NUMBER = (placeholder(slot) for slot in (StorySlot.URL, StorySlot.REASON, StorySlot.NUMBER))


@dataclass(frozen=True, slots=True)
class Fragment:
    """The same in both parts of a mail, with placeholders: whole lines, the last without its line end."""

    text: str
    html: str


def story(story: Story, *, opening: bool, width: int, head: Letterhead) -> Fragment:
    """Render an article for a place; `opening` is the first of its section, `width` that of its number."""
    # In a newsletter of one's own paper its name beside each story would say nothing.
    source = "" if story.item.source.strip() == head.newsletter else story.item.source
    item = replace(story.item, url=_URL, reason=_REASON if story.item.reason.strip() else "", source=source)
    return _story(item, story.place, story.picture, opening, width, look_of(head))


def heading(title: str, *, first: bool, head: Letterhead) -> Fragment:
    """Render the heading of a section; the first follows the masthead."""
    return _heading(title, first, look_of(head))


@lru_cache(maxsize=64)
def frame(
    head: Letterhead, *, issue_date: date, first: bool, links: SubscriberLinks, trap_url: str = ""
) -> Fragment:
    """Render a digest without its title, first line and stories."""
    title, preheader = placeholder(LetterSlot.TITLE), placeholder(LetterSlot.PREHEADER)
    letter = DigestLetter(head, title, preheader, issue_date, (), links, first, trap_url)
    context = {
        "letter": letter,
        "head": head,
        "stories": placeholder(LetterSlot.STORIES),
        **templates.context_of(look_of(head)),
    }
    with speech.speaking(head.locale):
        text = templates.render("digest/body.txt", context)
        html = templates.render("digest/body.html", context)
    return Fragment(text=text.strip("\n") + "\n", html=inline(html))


@lru_cache(maxsize=2048)
def _story(  # the key of the cache, position by position
    item: DigestItem,
    place: Place,
    picture: Picture | None,
    opening: bool,
    width: int,
    look: Look,
) -> Fragment:
    context = {
        "story": Story(number=0, place=place, item=_defused(item), picture=picture),
        "rule": "unruled" if opening else "ruled",
        "preferences": placeholder(Slot.PREFERENCES_URL),
        "number": _NUMBER,
        "indent": " " * width,
        **templates.context_of(look),
    }
    return _printed("story", context, look)


@lru_cache(maxsize=256)
def _heading(title: str, first: bool, look: Look) -> Fragment:  # as above
    context = {"heading": _own(title, sizes.HEADING), "first": first, **templates.context_of(look)}
    return _printed("heading", context, look)


def _defused(item: DigestItem) -> DigestItem:
    """Take the sting out of what feeds and operators wrote: a template lets a whole placeholder pass."""
    return replace(
        item,
        title=_own(item.title, sizes.TITLE),
        summary=_own(item.summary, sizes.SUMMARY),
        topic=_own(item.topic, sizes.NAME),
        source=_own(item.source, sizes.NAME),
        author=_own(item.author, sizes.NAME) if item.author else None,
    )


def _own(text: str, most: int) -> str:
    return defuse(sizes.within(text, most))


def _printed(name: str, context: dict[str, object], look: Look) -> Fragment:
    with speech.speaking(look.locale):
        text = templates.render(f"digest/{name}.txt", context)
        html = templates.render(f"digest/{name}.html", context)
    # A branch that was not taken leaves its line empty.
    lines = "\n".join(line for line in html.split("\n") if line)
    return Fragment(
        text=text.rstrip("\n"),
        html=inline_fragment(lines, templates.style_sheet(look)),
    )
