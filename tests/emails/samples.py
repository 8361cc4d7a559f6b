"""One letter of each kind and variant, as a real newsletter would send it."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from service.emails.letters import (
    AlreadySubscribedLetter,
    BlastLetter,
    ConfirmLetter,
    DigestItem,
    DigestLetter,
    DigestSection,
    InvitationLetter,
    Letter,
    Letterhead,
    ManageLetter,
    NewAddressLetter,
    OldAddressLetter,
    PasswordLetter,
    RelayTestLetter,
    ReminderLetter,
    SubscriberLinks,
    WelcomeLetter,
)
from service.emails.markdown import render_markdown
from service.emails.splice import Slot, placeholder

BASE = "https://post.example.org"

HEAD = Letterhead(
    newsletter="The Harbour Post",
    tagline="News from the coast, and what it means inland",
    accent="#8a1c1c",
    home_url="https://harbourpost.example.org/",
    sender_name="The Harbour Post",
    postal_address="Harbour Post Publishing Ltd\n12 Quay Street\nPort Merrin PM1 4AB",
    popular_url=f"{BASE}/n/harbour-post/popular",
)

READER = SubscriberLinks(
    unsubscribe_url=f"{BASE}/u/WyJ1biIsNDJd.c2lnbmF0dXJl",
    preferences_url=f"{BASE}/p/WyJwciIsNDJd.c2lnbmF0dXJl",
    reason="You get this because you chose Energy, Science and Cities, every Friday at 07:00.",
    view_url=f"{BASE}/v/WyJ2aSIsNDJd.c2lnbmF0dXJl",
)

PLACEHOLDERS = SubscriberLinks(
    unsubscribe_url=placeholder(Slot.UNSUBSCRIBE_URL),
    preferences_url=placeholder(Slot.PREFERENCES_URL),
    reason=placeholder(Slot.REASON),
    view_url=placeholder(Slot.VIEW_URL),
)

_STORIES = json.loads(Path(__file__).with_name("stories.json").read_text(encoding="utf-8"))


def item(number: int) -> DigestItem:
    """Story `number`, counted from 1."""
    story = _STORIES[number - 1]
    topic = story["topic"]
    return DigestItem(
        title=story["title"],
        summary=story["summary"],
        url=f"{BASE}/r/WyJjbCIsNyw{number:02d}LDFd.c2lnbmF0dXJl",
        topic=topic,
        source="Harbour Post",
        reason=f"Most read in {topic} this week" if number <= 3 else f"You follow {topic}",
        author="Ines Marlowe" if number % 2 else None,
        published_on=date(2026, 11, 20 + number % 7),
        image_url=f"https://img.example.org/{number}.jpg" if story["pictured"] else None,
        image_alt="A row of white battery containers under a low winter sun" if number == 1 else "",
        article_id=number,
    )


def digest(count: int = 14, *, head: Letterhead = HEAD, links: SubscriberLinks = READER) -> DigestLetter:
    """A digest of `count` stories: three popular ones, then the new."""
    items = tuple(item(number) for number in range(1, count + 1))
    sections = (
        DigestSection(key="popular", heading="Most read", items=items[:3]),
        DigestSection(key="new", heading="New in your topics", items=items[3:]),
    )
    return DigestLetter(
        letterhead=head,
        subject=items[0].title,
        preheader="Also today: the ferry that charges while it waits, and the kelp mapper",
        issue_date=date(2026, 11, 27),
        sections=sections,
        links=links,
    )


BLAST_MARKDOWN = """\
Dear readers,

on **Thursday 10 December** we open the printing hall for an evening. Come and see how the paper is made, and
tell us what you miss in it.

## What to expect

- A tour at six, and another one at half past seven
- The editors of *Energy* and *Science*, with time for questions
- Soup

> The last open evening ended after midnight. We have ordered more soup.

Please [keep a place](https://harbourpost.example.org/open-evening?from=mail) until 4 December. Questions:
write to [the desk](mailto:desk@harbourpost.example.org).
"""


def blast(*, markdown: str = BLAST_MARKDOWN, links: SubscriberLinks = READER) -> BlastLetter:
    body = render_markdown(markdown)
    return BlastLetter(
        letterhead=HEAD,
        subject="Come and see how the paper is made",
        html=f'<div class="prose">\n{body.html}\n</div>',
        text=body.text,
        links=links,
    )


ARABIC = replace(
    HEAD,
    newsletter="بريد الميناء",
    tagline="أخبار الساحل وما تعنيه",
    locale="ar",
    accent="#0b6b5d",
    sender_name="بريد الميناء",
)


def arabic_digest() -> DigestLetter:
    """Right to left; the stories are given Arabic headlines, one keeps a Latin name inside."""
    letter = digest(4, head=ARABIC)
    titles = (
        "البطاريات تتفوق على محطات الغاز",
        "عبارة تُشحن وهي تنتظر",
        "قواعد جديدة",
        "روبوت Kelpie يرسم الخرائط",
    )
    stories = [story for section in letter.sections for story in section.items]
    items = tuple(replace(story, title=title) for story, title in zip(stories, titles, strict=True))
    return replace(
        letter,
        subject=titles[0],
        preheader="أيضا اليوم: العبارة التي تُشحن وهي تنتظر",
        sections=(DigestSection(key="new", heading="الجديد", items=items),),
    )


LETTERS: dict[str, Letter] = {
    "confirm": ConfirmLetter(
        letterhead=HEAD,
        confirm_url=f"{BASE}/c/WyJjbyIsNDIsMV0.c2lnbmF0dXJl",
        never_again_url=f"{BASE}/never/WyJubyIsNDJd.c2lnbmF0dXJl",
        valid_until=date(2026, 12, 4),
    ),
    "reminder": ReminderLetter(
        letterhead=HEAD,
        confirm_url=f"{BASE}/c/WyJjbyIsNDIsMV0.c2lnbmF0dXJl",
        never_again_url=f"{BASE}/never/WyJubyIsNDJd.c2lnbmF0dXJl",
        valid_until=date(2026, 12, 4),
    ),
    "already_subscribed": AlreadySubscribedLetter(
        letterhead=HEAD,
        preferences_url=READER.preferences_url,
        unsubscribe_url=READER.unsubscribe_url,
    ),
    "welcome": WelcomeLetter(
        letterhead=HEAD,
        topics=("Energy", "Science", "Cities"),
        rhythm_phrase="every Friday at 07:00",
        links=READER._replace(view_url=""),
    ),
    "manage": ManageLetter(letterhead=HEAD, manage_url=f"{BASE}/m/WzE3MDAsNDIsN10.c2lnbmF0dXJl", minutes=30),
    "new_address": NewAddressLetter(
        letterhead=HEAD, confirm_url=f"{BASE}/address/WzE3MDAsN10.c2lnbmF0dXJl", hours=24
    ),
    "old_address": OldAddressLetter(
        letterhead=HEAD, stop_url=f"{BASE}/address/stop/WzE3MDAsN10.c2lnbmF0dXJl"
    ),
    "digest": digest(),
    "digest_first": replace(digest(5), first=True),
    "digest_arabic": arabic_digest(),
    "digest_plain_letterhead": digest(
        3,
        head=replace(
            HEAD, tagline="", home_url="", popular_url="", accent="#ffd400", postal_address="12 Quay Street"
        ),
    ),
    "blast": blast(),
    "operator_invitation": InvitationLetter(
        letterhead=HEAD,
        invited_by="Ines Marlowe",
        role="editor",
        accept_url=f"{BASE}/console/invitation/WyJpbiIsMywxXQ.c2lnbmF0dXJl",
        valid_until=date(2026, 12, 4),
    ),
    "operator_password": PasswordLetter(
        letterhead=HEAD,
        password_url=f"{BASE}/console/password/WzE3NjQsMywiYWJjZCJd.c2lnbmF0dXJl",
        valid_for="an hour",
        has_second_factor=True,
    ),
    "relay_test": RelayTestLetter(
        letterhead=HEAD, relay="mail.example.org:587", asked_at="25 November 2026, 13:05 UTC"
    ),
}
