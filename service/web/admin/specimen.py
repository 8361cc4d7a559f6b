"""A digest of invented stories, to judge a look by."""

from datetime import date

from service.emails.letters import DigestItem, DigestLetter, DigestSection, Letterhead, SubscriberLinks

_STORIES = (
    (
        "A headline stands first, and is the link",
        "Two or three lines say what happened, so that who has no time to read on has read something.",
    ),
    (
        "The second story is set a little smaller",
        "Its summary ends where the thumb would have to scroll.",
    ),
)


def digest(head: Letterhead, *, page_url: str, today: date) -> DigestLetter:
    """Make a digest under this letterhead whose links lead to the newsletter's own page."""
    items = tuple(
        DigestItem(
            title=title,
            summary=summary,
            url=page_url,
            topic="Topic",
            source=head.newsletter,
            reason="You follow Topic",
            published_on=today,
        )
        for title, summary in _STORIES
    )
    return DigestLetter(
        letterhead=head,
        subject=_STORIES[0][0],
        preheader="The first line of a mail is what an inbox shows beside its subject.",
        issue_date=today,
        sections=(DigestSection(key="new", heading="New in your topics", items=items),),
        links=SubscriberLinks(
            unsubscribe_url=page_url,
            preferences_url=page_url,
            reason="You get this because you chose Topic, every Friday at 07:00.",
        ),
    )
