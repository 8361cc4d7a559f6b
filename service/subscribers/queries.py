"""Reading subscriptions: for pages, mails and blasts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from service.newsletters.models import Newsletter
from service.subscribers.models import Subscriber, Subscription, SubscriptionState


def find(session: Session, subscription_id: int) -> Subscription | None:
    """Return a subscription with its subscriber and newsletter."""
    return session.scalars(_whole().where(Subscription.id == subscription_id)).one_or_none()


def find_many(session: Session, subscription_ids: Collection[int]) -> dict[int, Subscription]:
    """Return those that exist, each with what a mail to its reader needs."""
    rows = session.scalars(_whole().where(Subscription.id.in_(subscription_ids)))
    return {row.id: row for row in rows}


def lock(session: Session, subscription_id: int) -> Subscription | None:
    """Return a subscription as it is now and hold it until the end of the transaction."""
    return session.scalars(
        _whole()
        .where(Subscription.id == subscription_id)
        .with_for_update(of=Subscription)
        .execution_options(populate_existing=True)
    ).one_or_none()


def lock_all(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """Return all subscriptions of one person, held until the end of the transaction.

    In one order: two who press the links of two newsletters at once wait, and do not deadlock.
    """
    return session.scalars(
        _whole()
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Subscription.id)
        .with_for_update(of=Subscription)
        .execution_options(populate_existing=True)
    ).all()


def lock_persons(session: Session, *which: ColumnElement[bool]) -> Sequence[Subscriber]:
    """Return people, held with all their subscriptions until the end of the transaction.

    Whoever needs more than one subscription of more than one table locks in this order, and so never in a
    circle: people by their number, their subscriptions, wishes to move, the ledger.
    """
    held = session.scalars(
        select(Subscriber)
        .where(*which)
        .order_by(Subscriber.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for person in held:
        lock_all(session, person.id)
    return held


def list_active(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """Return what one person gets, in the order of the newsletters' names."""
    rows = session.scalars(
        _whole()
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.state == SubscriptionState.ACTIVE)
        .order_by(func.lower(Newsletter.name), Subscription.id)
    )
    return rows.all()


def list_of(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """Return every subscription of one person, in whatever state."""
    return session.scalars(
        _whole().where(Subscription.subscriber_id == subscriber_id).order_by(Subscription.id)
    ).all()


def count_by_state(session: Session, newsletter_id: int) -> dict[SubscriptionState, int]:
    """Count a newsletter's subscriptions; every state is in the answer."""
    rows = session.execute(
        select(Subscription.state, func.count())
        .where(Subscription.newsletter_id == newsletter_id)
        .group_by(Subscription.state)
    )
    return dict.fromkeys(SubscriptionState, 0) | dict(rows.all())


def active_audience(newsletter_id: int, *, topic_ids: list[int], now: datetime) -> Select[int, int]:
    """Select (subscription id, subscriber id) of everybody a blast may go to.

    Active, announcements consented to, not paused, and following one of the topics (all readers when none
    is given).
    """
    query = select(Subscription.id, Subscription.subscriber_id).where(
        Subscription.newsletter_id == newsletter_id,
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.announcements,
        not_paused(now),
    )
    if topic_ids:
        query = query.where(Subscription.topic_ids.overlap(topic_ids))
    return query


def is_due(*, now: datetime) -> ColumnElement[bool]:
    """Ask, as a part of a larger question, whether a reader of an open newsletter waits for a digest."""
    # The order makes it one look at the index for each newsletter: counting on many who are due, the database
    # would rather read the whole table, and on most ticks nobody is.
    first = (
        select(Subscription.id)
        .where(
            Subscription.newsletter_id == Newsletter.id,
            Subscription.state == SubscriptionState.ACTIVE,
            Subscription.next_due_at <= now,
        )
        .order_by(Subscription.next_due_at)
        .limit(1)
        .lateral()
    )
    return exists(select(first.c.id).select_from(Newsletter, first).where(Newsletter.closed_at.is_(None)))


def not_paused(now: datetime) -> ColumnElement[bool]:
    """Say whether a pause is over, by the last zone on Earth: hours late rather than a minute early."""
    latest_zone = (now - timedelta(hours=12)).date()
    return or_(Subscription.paused_until.is_(None), Subscription.paused_until <= latest_zone)


def _whole() -> Select[Subscription]:
    newsletter = joinedload(Subscription.newsletter)
    return select(Subscription).options(
        joinedload(Subscription.subscriber),
        newsletter.joinedload(Newsletter.sender),
        newsletter.selectinload(Newsletter.topics),
    )
