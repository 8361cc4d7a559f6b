"""One reader's next digest, as it would go if it went now.

Chosen and written by what chooses and writes the real one, and kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.articles import settling
from service.articles.models import Article
from service.digests import choosing, content, emails, pool, slots
from service.digests.content import Issue
from service.digests.received import received_stories
from service.digests.selection import drawing
from service.digests.selection.values import Selection, Skip
from service.emails import assembly
from service.emails.letters import EmailContent, SubscriberLinks
from service.emails.splice import splice
from service.errors import NotFound
from service.languages import speech
from service.links import Links
from service.newsletters.models import Rhythm
from service.recipes.composing import reader_values
from service.subscribers import addresses, reach
from service.subscribers import emails as subscriber_emails
from service.subscribers.models import Subscriber, Subscription, SubscriptionState


@dataclass(frozen=True, slots=True)
class Item:
    """One story of it, with the reason that the mail gives."""

    article_id: int
    title: str
    reason: str
    section: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one reader would get at the next slot; without content, `why_not` says why."""

    subscription_id: int
    newsletter: str
    rhythm: Rhythm
    #: UTC; None for a reader who gets nothing by a schedule.
    slot_at: datetime | None
    why_not: str
    subject: str = ""
    items: tuple[Item, ...] = ()
    content: EmailContent | None = None


def find(session: Session, reader: str, *, newsletter_id: int | None = None) -> Sequence[Subscription]:
    """Return a reader's subscriptions: by address, or by the number of one.

    :raises NotFound: there is none.
    """
    query = select(Subscription).order_by(Subscription.id)
    if reader.strip().isdecimal() and len(reader.strip()) < 19:
        query = query.where(Subscription.id == int(reader))
    else:
        query = query.join(Subscriber).where(Subscriber.email_key == addresses.parse(reader).key)
    if newsletter_id is not None:
        query = query.where(Subscription.newsletter_id == newsletter_id)
    found = session.scalars(query).unique().all()
    if not found:
        raise NotFound("There is no subscription of this reader.")
    return found


def foresee(session: Session, reader: Subscription, *, links: Links, now: datetime) -> Foreseen:
    """Choose and write the next digest of a reader with what is settled now. Changes nothing."""
    at = reader.next_due_at
    why_not = _why_not(reader, at)
    if at is None or why_not:
        return Foreseen(reader.id, reader.newsletter.name, reader.rhythm, at, why_not)
    outcome, slot = _choose(session, reader, now=max(now, at))
    if isinstance(outcome, Skip):
        return Foreseen(reader.id, reader.newsletter.name, reader.rhythm, at, outcome.reason)
    issue = Issue(reader.newsletter_id, mailing_id=content.NO_MAILING, locale=reader.locale, day=slot.today)
    articles = _articles(session, outcome)
    with speech.speaking(reader.locale):
        draft = content.draft(outcome, issue=issue, articles=articles)
        why = subscriber_emails.reason(reader)
    letter = emails.digest_letter(reader.newsletter, draft, articles=articles, links=links)
    page = links.newsletter(reader.newsletter.slug)
    own = SubscriberLinks(page, page, why, view_url=page)
    return Foreseen(
        reader.id,
        reader.newsletter.name,
        reader.rhythm,
        at,
        "",
        subject=draft.subject,
        items=tuple(
            Item(pick.article_id, articles[pick.article_id].title, pick.reason, section.heading)
            for section in outcome.sections
            for pick in section.picks
        ),
        content=splice(assembly.assemble(letter).whole(), reader_values(own)),
    )


def _choose(session: Session, reader: Subscription, *, now: datetime) -> tuple[Selection | Skip, slots.Slot]:
    slot, newsletter = slots.slot_of(reader, now=now), reader.newsletter
    if reader.last_digest_on is not None and reader.last_digest_on >= slot.today:
        return Skip("already_today"), slot
    candidates = pool.load_window(
        session,
        newsletter,
        rhythm=reader.rhythm,
        after_seq=reader.watermark,
        until_seq=settling.cutoff(session),
        seed=drawing.seed(newsletter.id, reader.rhythm, slot.period),
        now=now,
    )
    outcomes = choosing.choose(
        [reader],
        candidates,
        newsletter=newsletter,
        rhythm=reader.rhythm,
        received=received_stories(session, [reader.id], now=now),
    )
    return outcomes[reader.id], slot


def _why_not(reader: Subscription, at: datetime | None) -> str:
    if reader.state is not SubscriptionState.ACTIVE:
        return reader.state.value
    if reader.first_digest_pending:
        return "first_digest_pending"
    if at is not None and reach.is_paused(reader, now=at):
        return "paused"
    return "" if at is not None else "no_slot"


def _articles(session: Session, selection: Selection) -> dict[int, Article]:
    rows = session.scalars(
        select(Article).where(Article.id.in_(selection.article_ids)).options(joinedload(Article.source))
    )
    return {article.id: article for article in rows}
