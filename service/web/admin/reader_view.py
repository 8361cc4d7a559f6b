"""The page of one reader, also when something that was typed on it needs a second look."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import render_template
from flask.typing import ResponseReturnValue

from service.newsletters import queries as newsletters
from service.ops import reader_acts, reader_story
from service.subscribers import reach
from service.web.admin import reader_words, words
from service.web.context import now, runtime


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was wrong in which form of the page, and what was typed into it."""

    #: "pause-12", "suppress", ...
    form: str = ""
    sentence: str = ""
    about: str | None = None
    typed: dict[str, str] = field(default_factory=dict)


def reader_page(
    subscriber_id: int, *, before: datetime | None = None, complaint: Complaint | None = None
) -> ResponseReturnValue:
    """Render it."""
    with runtime().sessions() as session:
        profile = reader_story.get(session, subscriber_id, hash_address=runtime().hash_address)
        entries, following = reader_story.timeline(session, profile, before=before)
        offered = newsletters.list_all(session)
    topics = {topic.id: topic.name for each in offered for topic in each.topics}
    body = render_template(
        "admin/reader.html",
        profile=profile,
        reader=profile.subscriber,
        entries=entries,
        following=following,
        before=before,
        topics=topics,
        names={each.id: each.name for each in offered},
        paused={row.id: reach.is_paused(row, now=now()) for row in profile.subscriptions},
        tomorrow=(now() + timedelta(days=1)).date(),
        declared=reader_words.DECLARED,
        channels=reader_words.CHANNELS,
        events=reader_words.EVENTS,
        acts=reader_words.ACTS,
        kinds=words.KINDS,
        liftable=reader_acts.LIFTABLE,
        complaint=complaint or Complaint(),
    )
    return (body, 422) if complaint else body
