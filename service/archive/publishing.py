"""Puts editions into the archive: each once, as a reader of all topics would have got it.

The weekly edition comes out whether or not somebody is due, so that a visitor always has an issue to look at;
those of other rhythms where there are readers of that rhythm. What an operator holds back or stops before
its hour does not appear; `shown` says what becomes of one that is stopped later. First digests and those of
"when enough waits" are different for everybody and have no page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.archive.house import latest_slot
from service.archive.models import PublicEdition
from service.archive.shown import PUBLIC, is_shown
from service.articles import stories
from service.articles.models import Article, ArticleTopic
from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState
from service.digests import choosing, pool
from service.digests.first import LOOK_BACK
from service.digests.models import Edition
from service.digests.selection import drawing
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Reader, Section, Selection, Skip
from service.digests.slots import Slot
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter, Rhythm
from service.recipes.queries import MEMORY

#: Longer than any period.
_LATELY = timedelta(days=40)
_HELD_BACK = frozenset({MailingState.STOPPED, MailingState.PAUSED})


@dataclass(frozen=True, slots=True)
class _Past:
    """What earlier public editions of a rhythm had."""

    story_ids: frozenset[int]
    after_seq: int


def publish_due(sessions: Sessions, *, now: datetime) -> int:
    """Publish every edition that has come out and is not in the archive; return how many. Safe to repeat."""
    with transaction(sessions) as session:
        open_ids = [one.id for one in newsletters.list_open(session) if one.archive_public]
    published = 0
    for newsletter_id in open_ids:
        with transaction(sessions) as session:
            newsletter = newsletters.get(session, newsletter_id)
            for slot in due(session, newsletter, now=now):
                published += publish(session, newsletter, slot, now=now)
    return published


def due(session: Session, newsletter: Newsletter, *, now: datetime) -> list[Slot]:
    """Return the slots whose editions should be in the archive and are not."""
    states = _edition_states(session, newsletter.id, since=now - _LATELY)
    slots = [latest_slot(newsletter, rhythm=rhythm, now=now) for rhythm in PUBLIC]
    wanted = [
        slot for slot in slots if _is_out(newsletter, slot, states.get((slot.rhythm, slot.period)), now=now)
    ]
    known = _published(session, newsletter.id, {slot.period for slot in wanted})
    return [slot for slot in wanted if slot.period not in known]


def _is_out(newsletter: Newsletter, slot: Slot, state: MailingState | None, *, now: datetime) -> bool:
    """Say whether an edition may be shown; its mails have no state before the first of them is planned."""
    if state is not None:
        return state not in _HELD_BACK
    # At its hour the planner may be on its way: nobody reads here what is about to wait for a review.
    review = timedelta(minutes=newsletter.review_minutes or 0)
    return slot.rhythm is Rhythm.WEEKLY and now >= slot.at + review


def publish(session: Session, newsletter: Newsletter, slot: Slot, *, now: datetime) -> bool:
    """Choose and keep the public edition of a slot; say whether there was enough for one.

    What was published after the slot is for the next edition, however late this one is made. Two that publish
    at once choose the same, and one is kept.
    """
    until_seq = _seq_at(session, newsletter, slot.at)
    selection = _choose(session, newsletter, slot, until_seq=until_seq, now=now)
    if isinstance(selection, Skip):
        return False
    kept = session.execute(
        insert(PublicEdition)
        .values(
            newsletter_id=newsletter.id,
            rhythm=slot.rhythm,
            period=slot.period,
            day=slot.today,
            slot_at=slot.at,
            published_at=now,
            cutoff_seq=until_seq,
            article_ids=list(selection.article_ids),
            content={"sections": [_section(section) for section in selection.sections]},
        )
        .on_conflict_do_nothing(index_elements=["newsletter_id", "period"])
        .returning(PublicEdition.id)
    )
    return kept.first() is not None


def _choose(
    session: Session, newsletter: Newsletter, slot: Slot, *, until_seq: int, now: datetime
) -> Selection | Skip:
    past = _past(session, newsletter, slot, until_seq=until_seq)
    candidates = pool.load_window(
        session,
        newsletter,
        rhythm=slot.rhythm,
        after_seq=past.after_seq,
        until_seq=until_seq,
        seed=drawing.seed(newsletter.id, slot.rhythm, slot.period),
        now=now,
    )
    offered = choosing.offer(newsletter)
    reader = Reader(
        topics=(),
        min_items=newsletter.min_items,
        max_items=newsletter.max_items,
        watermark=past.after_seq,
        received=past.story_ids & {one.story_id for one in candidates},
        offered=offered,
    )
    return choosing.select(Shelves(candidates, offered=offered), reader)


def _seq_at(session: Session, newsletter: Newsletter, moment: datetime) -> int:
    newest = (
        select(ArticleTopic.eligible_seq)
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(
            ArticleTopic.topic_id.in_([topic.id for topic in newsletter.open_topics]),
            ArticleTopic.eligible_seq.is_not(None),
            Article.published_at <= moment,
        )
        .order_by(ArticleTopic.eligible_seq.desc())
        .limit(1)
    )
    return session.scalar(newest) or 0


def _section(section: Section) -> dict[str, object]:
    items = [{"article_id": pick.article_id, "topic_id": pick.topic_id} for pick in section.picks]
    return {"key": section.key, "items": items}


def _past(session: Session, newsletter: Newsletter, slot: Slot, *, until_seq: int) -> _Past:
    earlier = session.scalars(
        select(PublicEdition)
        .where(
            PublicEdition.newsletter_id == newsletter.id,
            PublicEdition.rhythm == slot.rhythm,
            PublicEdition.slot_at < slot.at,
            PublicEdition.slot_at >= slot.at - MEMORY,
            # What was stopped before anybody had it is new again.
            is_shown(),
        )
        .order_by(PublicEdition.slot_at.desc())
    ).all()
    article_ids = {article_id for edition in earlier for article_id in edition.article_ids}
    folded = stories.story_of(session, article_ids)
    had = frozenset(folded.get(article_id, article_id) for article_id in article_ids)
    if earlier:
        return _Past(had, earlier[0].cutoff_seq)
    since = slot.at - LOOK_BACK[slot.rhythm]
    start = pool.start_of(session, newsletter.id, published_since=since, cutoff=until_seq)
    return _Past(had, start)


def _edition_states(
    session: Session, newsletter_id: int, *, since: datetime
) -> dict[tuple[Rhythm, str], MailingState]:
    rows = session.execute(
        select(Edition.rhythm, Edition.period, Mailing.state)
        .join(Mailing, Mailing.id == Edition.mailing_id)
        .where(
            Edition.newsletter_id == newsletter_id,
            Edition.rhythm.in_(PUBLIC),
            Edition.created_at >= since,
        )
    )
    return {(rhythm, period): state for rhythm, period, state in rows}


def _published(session: Session, newsletter_id: int, periods: Collection[str]) -> set[str]:
    return set(
        session.scalars(
            select(PublicEdition.period).where(
                PublicEdition.newsletter_id == newsletter_id, PublicEdition.period.in_(periods)
            )
        )
    )
