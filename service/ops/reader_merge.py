"""Merging two readers by an operator: the plan that is shown, its mark, and the merge that does just that."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from service.delivery import suppression
from service.errors import Conflict, InvalidInput
from service.ops import reader_acts
from service.subscribers import merging, searching
from service.subscribers.consent import Circumstances
from service.subscribers.merging import Step
from service.subscribers.models import AddressChange, Subscriber
from service.tokens import AddressHasher


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen; `mark` changes when any of it does."""

    gone: Subscriber
    kept: Subscriber
    steps: tuple[Step, ...]
    #: Why each address is refused everywhere, if it is.
    gone_refused: str | None
    kept_refused: str | None
    mark: str


def find_other(session: Session, typed: str) -> Subscriber:
    """Return the reader with this whole address.

    :raises InvalidInput: nobody has it.
    """
    found = searching.find_exactly(session, typed)
    if found is None:
        raise InvalidInput("No reader has this address. Type it whole.", field="address")
    return reader_acts.get_subscriber(session, found)


def plan(session: Session, gone_id: int, kept_id: int, *, hash_address: AddressHasher) -> Plan:
    """Say what merging would do.

    :raises Conflict: the address to be kept has never confirmed anything.
    """
    gone = reader_acts.get_subscriber(session, gone_id)
    kept = reader_acts.get_subscriber(session, kept_id)
    steps = merging.plan(session, gone, kept)
    hashes = {each.id: hash_address(each.email_key) for each in (gone, kept)}
    refused = suppression.find(session, set(hashes.values()), list_id=None)
    return Plan(
        gone,
        kept,
        tuple(steps),
        refused.get(hashes[gone.id]),
        refused.get(hashes[kept.id]),
        _mark(steps, refused.get(hashes[gone.id]), refused.get(hashes[kept.id])),
    )


def merge(
    session: Session,
    gone_id: int,
    kept_id: int,
    *,
    mark: str,
    reason: str,
    hash_address: AddressHasher,
    actor: str,
    now: datetime,
) -> None:
    """Merge as it was shown.

    :raises Conflict: something has changed since it was shown; nothing was done.
    """
    why = reader_acts.read_reason(reason)
    shown = plan(session, gone_id, kept_id, hash_address=hash_address)
    if shown.mark != mark:
        raise Conflict("Something has changed since this was shown, so nothing was done. Look at it again.")
    # A link that waits in one of the inboxes must not move the other one.
    session.execute(
        delete(AddressChange).where(
            or_(AddressChange.subscriber_id == gone_id, AddressChange.email_key == shown.gone.email_key)
        )
    )
    merging.merge(
        session,
        shown.gone,
        shown.kept,
        hash_address=hash_address,
        circumstances=Circumstances(channel=actor, reason=why),
        now=now,
    )
    outcomes = {step.newsletter: step.outcome.value for step in shown.steps}
    after = {"kept": f"subscriber {kept_id}", "newsletters": outcomes, "reason": why}
    reader_acts.record(session, gone_id, "merged", actor=actor, now=now, after=after)
    from_whom = {"from": f"subscriber {gone_id}", "newsletters": outcomes, "reason": why}
    reader_acts.record(session, kept_id, "merged", actor=actor, now=now, after=from_whom)


def _mark(steps: Sequence[Step], *refused: str | None) -> str:
    written = [
        (step.newsletter_id, step.outcome.value, step.gone and step.gone.state, step.kept and step.kept.state)
        for step in steps
    ]
    return hashlib.sha256(repr((written, refused)).encode()).hexdigest()[:16]
