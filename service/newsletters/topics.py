"""The subjects that readers choose: added, renamed, put in order, archived and brought back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.errors import Conflict, InvalidInput
from service.newsletters import checks
from service.newsletters.models import Newsletter, Topic

LONGEST_NAME = 60
LONGEST_DESCRIPTION = 160
#: More than a sign-up form can sensibly show.
MOST = 100


def add(
    session: Session, newsletter: Newsletter, *, name: str, description: str = "", actor: str, now: datetime
) -> Topic:
    """Add a topic after the others.

    :raises InvalidInput: the name is empty, too long or taken.
    """
    # Two that are added at once would find the same name free, and the same place.
    lock(session, newsletter)
    clean = _check_name(newsletter, name)
    if len(newsletter.open_topics) >= MOST:
        raise InvalidInput(f"A newsletter has at most {MOST} topics. Close one first.", field="name")
    topic = Topic(
        slug=_free_slug(newsletter, clean),
        name=clean,
        description=_check_description(description),
        position=max((topic.position for topic in newsletter.topics), default=-1) + 1,
    )
    newsletter.topics.append(topic)
    session.flush()
    _note(session, "topic.added", topic, actor=actor, now=now, after={"name": topic.name})
    return topic


def edit(session: Session, topic: Topic, *, name: str, description: str, actor: str, now: datetime) -> Topic:
    """Rename or describe a topic; who chose it keeps it."""
    new: dict[str, object] = {
        "name": _check_name(topic.newsletter, name, but=topic),
        "description": _check_description(description),
    }
    before, after = checks.change({"name": topic.name, "description": topic.description}, new)
    if after:
        topic.name, topic.description = str(new["name"]), str(new["description"])
        _note(session, "topic.changed", topic, actor=actor, now=now, before=before, after=after)
    return topic


def move_up(session: Session, topic: Topic, *, actor: str, now: datetime) -> None:
    """Put a topic before its neighbour; at the top nothing happens."""
    _swap(session, topic, step=-1, actor=actor, now=now)


def move_down(session: Session, topic: Topic, *, actor: str, now: datetime) -> None:
    """Put a topic after its neighbour; at the bottom nothing happens."""
    _swap(session, topic, step=1, actor=actor, now=now)


def archive(session: Session, topic: Topic, *, actor: str, now: datetime) -> None:
    """Offer a topic no longer; readers who chose it get nothing new from it.

    :raises Conflict: it is the last one.
    """
    # Readers of a topic that is merged into this one at the same instant would end in a closed one.
    lock(session, topic.newsletter)
    if topic.archived_at is not None:
        return
    if topic.is_merging:
        raise Conflict("It is being merged, and closes by itself when the last reader has moved.")
    if is_taking_over(session, topic):
        raise Conflict("Another topic is being merged into it. Wait until that is done, and close it then.")
    if len(topic.newsletter.open_topics) == 1:
        raise Conflict("This is the last topic. Add another one first, or close the newsletter.")
    topic.archived_at = now
    _note(session, "topic.archived", topic, actor=actor, now=now)


def restore(session: Session, topic: Topic, *, actor: str, now: datetime) -> None:
    """Offer an archived topic again; readers who had chosen it have it back, after a merge nobody has.

    :raises InvalidInput: another topic has its name by now.
    """
    if topic.archived_at is not None:
        _check_name(topic.newsletter, topic.name, but=topic)
        topic.archived_at = topic.merged_into_id = None
        _note(session, "topic.restored", topic, actor=actor, now=now)


def lock(session: Session, newsletter: Newsletter) -> None:
    """Read a newsletter's topics as they are now, and let nobody else change them before the commit."""
    # Whoever signs up or plans refers to the newsletter, which this lock lets pass (FOR NO KEY UPDATE).
    strength = {"of": Newsletter, "key_share": True}
    session.refresh(newsletter, ["topics", "name"], with_for_update=strength)
    here = select(Topic).where(Topic.newsletter_id == newsletter.id)
    session.scalars(here.execution_options(populate_existing=True)).all()


def begin_merge(
    session: Session, gone: Topic, kept: Topic, *, facts: dict[str, object], actor: str, now: datetime
) -> None:
    """Write down that another topic takes this one over; it stays open until its last reader has moved."""
    gone.archived_at, gone.merged_into_id = None, kept.id
    session.flush()
    _note(session, "topic.merged", gone, actor=actor, now=now, after={"into": kept.name, **facts})


def merging(session: Session) -> Sequence[Topic]:
    """Return the topics whose merge was begun and is not done."""
    query = select(Topic).where(Topic.merged_into_id.is_not(None), Topic.archived_at.is_(None))
    return session.scalars(query.order_by(Topic.id)).all()


def is_taking_over(session: Session, topic: Topic) -> bool:
    """Say whether readers of another topic are on their way to this one."""
    query = select(Topic.id).where(Topic.merged_into_id == topic.id, Topic.archived_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def merged(session: Session) -> Sequence[Topic]:
    """Return the topics that others have taken over."""
    query = select(Topic).where(Topic.merged_into_id.is_not(None), Topic.archived_at.is_not(None))
    return session.scalars(query.order_by(Topic.id)).all()


def absorb(session: Session, gone: Topic, kept: Topic, *, now: datetime) -> None:
    """Close a topic whose readers and articles another has taken over; its address leads there."""
    for other in gone.newsletter.topics:
        if other.merged_into_id == gone.id:
            other.merged_into_id = kept.id
    gone.archived_at = now
    session.flush()


def split_lines(text: str) -> list[str]:
    """Read topics typed one per line: empty lines and repetitions are left out."""
    names: dict[str, str] = {}
    for raw in text.splitlines():
        name = checks.line(raw, field="topics", longest=LONGEST_NAME)
        if name:
            names.setdefault(name.casefold(), name)
    if len(names) > MOST:
        raise InvalidInput(f"A newsletter has at most {MOST} topics.", field="topics")
    return list(names.values())


def _swap(session: Session, topic: Topic, *, step: int, actor: str, now: datetime) -> None:
    topics = topic.newsletter.open_topics
    place = topics.index(topic) if topic in topics else -1
    if place < 0 or not 0 <= place + step < len(topics):
        return
    topics[place], topics[place + step] = topics[place + step], topics[place]
    # Archived ones keep their place at the end; every position is written anew, so that gaps and ties heal.
    archived = [other for other in topic.newsletter.topics if other.archived_at is not None]
    for position, other in enumerate([*topics, *archived]):
        other.position = position
    _note(session, "topic.moved", topic, actor=actor, now=now, after={"position": topic.position})


def _check_name(newsletter: Newsletter, name: str, *, but: Topic | None = None) -> str:
    clean = checks.line(name, field="name", longest=LONGEST_NAME, required="Enter the name of the topic.")
    for other in newsletter.topics:
        if other is but or other.name.casefold() != clean.casefold():
            continue
        if other.archived_at is None:
            raise InvalidInput("There is a topic of this name already.", field="name")
        if but is None:
            raise InvalidInput("A closed topic has this name. Open it again instead.", field="name")
    return clean


def _check_description(description: str) -> str:
    return checks.line(description, field="description", longest=LONGEST_DESCRIPTION)


def _free_slug(newsletter: Newsletter, name: str) -> str:
    taken = {topic.slug for topic in newsletter.topics}
    base = checks.slug_from(name, fallback="topic")
    numbered = (f"{base[:36]}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


def _note(
    session: Session,
    action: str,
    topic: Topic,
    *,
    actor: str,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"topic {topic.id}",
        now=now,
        before=before,
        after=after,
    )
