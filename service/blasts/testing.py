"""Sends a blast to operators before any reader gets it, through the same ledger as everything else."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.blasts import content, drafts, emails, readiness
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.errors import InvalidInput
from service.links import Links
from service.operators import queries as operators
from service.operators.models import Operator
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import RecipeKind
from service.subscribers.models import Subscription

KIND = "blast_test"
NONCE_LENGTH = 64
MOST_RECEIVERS = 5


def send_test(
    session: Session,
    blast_id: int,
    *,
    operator: Operator,
    nonce: str,
    to: Collection[int] = (),
    as_reader: Subscription | None = None,
    links: Links,
    now: datetime,
) -> bool:
    """Plan a test of the blast as it stands; say whether it is new (a form sent twice makes one mail each).

    It goes to the operators with these ids, or to the one who asks; never to anybody else. With a reader its
    merge fields are that reader's; its links act on nobody.

    :raises Conflict: when something is wrong with the blast.
    :raises InvalidInput: too many operators, or one that has no account.
    """
    if not 0 < len(nonce) <= NONCE_LENGTH or "\0" in nonce:
        raise InvalidInput("This form is not complete; load the page again and send it once more.")
    receivers = _receivers(session, to or [operator.id])
    blast = drafts.locked(session, blast_id)
    readiness.check(session, blast, links=links)
    said = content.of(session, blast)
    mailing = mailings.transactional(session, now=now)
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=blast.newsletter_id,
        mailing_id=mailing.id,
        subject=emails.TEST_PREFIX + blast.subject,
        locale=as_reader.locale if as_reader else blast.newsletter.locale,
        content={**said.recipe(links=links), "test_of": blast.id},
    )
    recipe = making.make(
        session,
        draft,
        letter=lambda: said.letter(subject=draft.subject, locale=draft.locale, links=links),
        now=now,
    )
    details = {"blast_id": blast.id} | ({"as_reader": as_reader.id} if as_reader else {})
    rows = [
        NewMessage(
            dedupe_key=f"blast_test {blast.id} {nonce} {receiver}",
            kind=KIND,
            due_at=now,
            operator_id=receiver,
            recipe_id=recipe.id,
            details=details,
        )
        for receiver in receivers
    ]
    new = ledger.put(session, mailing, rows, now=now) > 0
    if new:
        audit.record(
            session,
            actor=f"operator {operator.id}",
            action="blast.tested",
            subject=f"blast {blast.id}",
            now=now,
            after={"operators": receivers} | ({"as_reader": as_reader.id} if as_reader else {}),
        )
    return new


def _receivers(session: Session, operator_ids: Collection[int]) -> list[int]:
    wanted = sorted(set(operator_ids))
    if len(wanted) > MOST_RECEIVERS:
        raise InvalidInput(f"A test goes to at most {MOST_RECEIVERS} operators.")
    known = operators.find_many(session, wanted)
    if any(key not in known or known[key].disabled_at is not None for key in wanted):
        raise InvalidInput("A test goes to operators with an account that is in use, and to nobody else.")
    return wanted
