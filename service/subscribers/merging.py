"""Two readers whom an operator knows to be one person: what becomes of each newsletter is said beforehand.

Where the two disagree, leaving wins, and so does a refusal (the suppression list). No inbox is asked here, so
the address that is kept must have confirmed something once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import suppression
from service.delivery.models import Suppression
from service.errors import Conflict, InvalidInput
from service.subscribers import joining, queries
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscriber, Subscription, SubscriptionState
from service.tokens import AddressHasher

#: Refusals of the person. A mailbox that does not exist is left behind with its address.
_OF_THE_PERSON = ("complaint", "never_again", "operator")


class Outcome(StrEnum):
    """What becomes of one newsletter."""

    #: Both get it: once from now on, as the kept address has set it.
    KEPT = "kept"
    #: Only the kept address has it; as it is.
    STAYS = "stays"
    #: Only the other address has it: with its choices and its mails it goes along.
    MOVES = "moves"
    #: The kept address asked for it and never confirmed: it comes as the other had set it.
    CARRIED = "carried"
    #: The kept address has left it: it does not come back.
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Step:
    """One newsletter: the subscription of the address that goes, and of the one that is kept."""

    newsletter_id: int
    newsletter: str
    gone: Subscription | None
    kept: Subscription | None
    outcome: Outcome


def plan(session: Session, gone: Subscriber, kept: Subscriber) -> list[Step]:
    """Say what would become of every newsletter of the two.

    :raises InvalidInput: they are one already.
    :raises Conflict: the address to be kept has never confirmed anything.
    """
    if gone.id == kept.id:
        raise InvalidInput("This is the same reader. Type the other address.", field="address")
    theirs = queries.list_of(session, kept.id)
    if not any(row.confirmed_at is not None for row in theirs):
        raise Conflict(
            "The address that would be kept has never confirmed a subscription, so nobody knows whether it "
            "is theirs. Keep the other one, or let them sign up there first."
        )
    return _steps(queries.list_of(session, gone.id), theirs)


def merge(
    session: Session,
    gone: Subscriber,
    kept: Subscriber,
    *,
    hash_address: AddressHasher,
    circumstances: Circumstances,
    now: datetime,
) -> list[Step]:
    """Do what `plan` says; return it. Nothing is sent twice: what is queued for a closed twin is cancelled.

    :raises InvalidInput: they are one already.
    :raises Conflict: the address to be kept has never confirmed anything.
    """
    queries.lock_persons(session, Subscriber.id.in_({gone.id, kept.id}))
    steps = plan(session, gone, kept)
    for step in steps:
        if step.gone is not None:
            _do(session, step, step.gone, kept, circumstances=circumstances, now=now)
    _carry_refusals(session, gone, kept, hash_address=hash_address, now=now)
    session.flush()
    session.expire(gone)
    if not queries.lock_all(session, gone.id):
        session.delete(gone)
        session.flush()
    return steps


def _do(
    session: Session,
    step: Step,
    row: Subscription,
    kept: Subscriber,
    *,
    circumstances: Circumstances,
    now: datetime,
) -> None:
    if step.outcome is Outcome.MOVES:
        joining.hand_over(session, row, kept, circumstances=circumstances, now=now)
        return
    if step.outcome is Outcome.CARRIED and step.kept is not None:
        joining.carry(session, row, step.kept, circumstances=circumstances, now=now)
    if row.state is not SubscriptionState.UNSUBSCRIBED:
        joining.close(session, row, circumstances=circumstances, now=now)
    if step.outcome is Outcome.CARRIED and step.kept is not None:
        joining.hand_on(session, row, step.kept)


def _steps(gone: Sequence[Subscription], kept: Sequence[Subscription]) -> list[Step]:
    theirs = {row.newsletter_id: row for row in kept}
    going = {row.newsletter_id: row for row in gone}
    steps = []
    for newsletter_id in sorted(theirs.keys() | going.keys()):
        row, twin = going.get(newsletter_id), theirs.get(newsletter_id)
        name = (row or twin).newsletter.name  # type: ignore[union-attr]  # one of the two is there
        steps.append(Step(newsletter_id, name, row, twin, _outcome(row, twin)))
    return steps


def _outcome(row: Subscription | None, twin: Subscription | None) -> Outcome:
    if twin is None:
        return Outcome.MOVES
    if row is None or row.state is not SubscriptionState.ACTIVE:
        return Outcome.STAYS
    if twin.state is SubscriptionState.ACTIVE:
        return Outcome.KEPT
    return Outcome.LEFT if twin.state is SubscriptionState.UNSUBSCRIBED else Outcome.CARRIED


def _carry_refusals(
    session: Session, gone: Subscriber, kept: Subscriber, *, hash_address: AddressHasher, now: datetime
) -> None:
    rows = session.scalars(
        select(Suppression).where(
            Suppression.address_hash == hash_address(gone.email_key), Suppression.reason.in_(_OF_THE_PERSON)
        )
    )
    for row in rows.all():
        suppression.suppress(
            session,
            hash_address(kept.email_key),
            list_id=row.list_id,
            reason=row.reason,
            now=now,
            subscriber_id=kept.id,
        )
