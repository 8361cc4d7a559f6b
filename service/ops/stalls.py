"""What should have run and did not: each a sentence for the banner, with since when and how much waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, Source
from service.blasts.models import Blast, BlastState
from service.delivery import queries
from service.delivery.models import Mailing, MailingState, Message, Stream, TrafficTally
from service.newsletters.models import Newsletter
from service.ops import heartbeats
from service.subscribers.models import Subscription, SubscriptionState

#: Beat ticks every five seconds, so whatever is so late was not merely waiting for its turn.
PATIENCE = timedelta(minutes=10)
#: A lease ends after half a minute, and the sweeper comes every quarter of one.
SWEEP_PATIENCE = timedelta(minutes=3)
#: Articles rest for a while before they count, as the settings say; never for so long.
SETTLE_PATIENCE = timedelta(hours=2)
#: Rows that are looked at to say "at least so many".
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Stall:
    """One thing that stands still."""

    #: beat, planning, delivery, blasts, sweeper, settler, polls
    what: str
    since: datetime
    #: How many wait for it, up to a thousand.
    waiting: int = 0


def list_stalls(session: Session, *, now: datetime) -> tuple[Stall, ...]:
    """Return what stands still, what readers feel first."""
    found = (
        _delivery(session, now=now),
        _planning(session, now=now),
        _blasts(session, now=now),
        _sweeper(session, now=now),
        _beat(session, now=now),
        _settler(session, now=now),
        _polls(session, now=now),
    )
    return tuple(stall for stall in found if stall is not None)


def _delivery(session: Session, *, now: datetime) -> Stall | None:
    """Messages are due, of mailings that nobody holds, and no try was made for long."""
    heads = [queries.oldest_due(session, stream, now=now - PATIENCE) for stream in Stream]
    waiting_since = min((head for head in heads if head is not None), default=None)
    if waiting_since is None:
        return None
    tried = session.scalar(
        select(TrafficTally.id)
        .where(TrafficTally.at >= now - PATIENCE, TrafficTally.fate != "planned")
        .limit(1)
    )
    return None if tried is not None else Stall("delivery", waiting_since)


def _planning(session: Session, *, now: datetime) -> Stall | None:
    # One look at the index for each newsletter, as subscribers.queries.is_due.
    late = (
        select(Subscription.next_due_at)
        .where(
            Subscription.newsletter_id == Newsletter.id,
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.next_due_at < now - PATIENCE,
        )
        .order_by(Subscription.next_due_at)
        .limit(_MOST)
        .lateral()
    )
    return _oldest(
        session,
        "planning",
        select(late.c.next_due_at).select_from(Newsletter, late).where(Newsletter.closed_at.is_(None)),
    )


def _blasts(session: Session, *, now: datetime) -> Stall | None:
    return _oldest(
        session,
        "blasts",
        select(Blast.started_at).where(
            Blast.state == BlastState.SENDING,
            Blast.fan_out_after.is_not(None),
            Blast.started_at < now - PATIENCE,
            ~select(Message.id)
            .where(Message.mailing_id == Blast.mailing_id, Message.created_at >= now - PATIENCE)
            .exists(),
        ),
    )


def _sweeper(session: Session, *, now: datetime) -> Stall | None:
    return _oldest(
        session,
        "sweeper",
        select(Message.lease_until)
        .join(Mailing, Mailing.id == Message.mailing_id)
        .where(
            Message.owner.is_not(None),
            Message.lease_until < now - SWEEP_PATIENCE,
            Mailing.state != MailingState.FINISHED,
        )
        .limit(_MOST),
    )


def _beat(session: Session, *, now: datetime) -> Stall | None:
    seen = [each.seen_at for each in heartbeats.list_processes(session, kind="beat")]
    latest = max(seen, default=None)
    return Stall("beat", latest) if latest is not None and now - latest > heartbeats.SILENT_AFTER else None


def _settler(session: Session, *, now: datetime) -> Stall | None:
    return _oldest(
        session,
        "settler",
        select(func.greatest(Article.published_at, Article.fetched_at, ArticleTopic.mapped_at))
        .select_from(ArticleTopic)
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(
            ArticleTopic.eligible_seq.is_(None),
            Article.withdrawn_at.is_(None),
            Article.published_at < now - SETTLE_PATIENCE,
            Article.fetched_at < now - SETTLE_PATIENCE,
            ArticleTopic.mapped_at < now - SETTLE_PATIENCE,
        )
        .limit(_MOST),
    )


def _polls(session: Session, *, now: datetime) -> Stall | None:
    return _oldest(
        session,
        "polls",
        select(Source.next_poll_at).where(Source.enabled, Source.next_poll_at < now - PATIENCE),
    )


def _oldest(session: Session, what: str, query: Select[datetime] | Select[datetime | None]) -> Stall | None:
    late = query.subquery()
    instant = late.c[0]
    since, n = session.execute(select(func.min(instant), func.count())).one()
    return Stall(what, since, int(n)) if since is not None else None
