"""Sends a blast to the operator who writes it, through the same ledger as everything else."""

from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.blasts import drafts, emails, readiness
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.errors import InvalidInput
from service.links import Links
from service.operators.models import Operator
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import RecipeKind

KIND = "blast_test"
NONCE_LENGTH = 64


def send_test(
    session: Session, blast_id: int, *, operator: Operator, nonce: str, links: Links, now: datetime
) -> bool:
    """Plan a test of the blast as it stands; say whether it is new (a form sent twice makes one mail).

    :raises Conflict: when something is missing that every mail needs.
    """
    if not 0 < len(nonce) <= NONCE_LENGTH:
        raise InvalidInput("This form is not complete; load the page again and send it once more.")
    blast = drafts.locked(session, blast_id)
    readiness.check(blast)
    mailing = mailings.transactional(session, now=now)
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=blast.newsletter_id,
        mailing_id=mailing.id,
        subject=emails.TEST_PREFIX + blast.subject,
        locale=blast.newsletter.locale,
        content={"markdown": blast.body_markdown, "test_of": blast.id},
    )
    recipe = making.make(
        session,
        draft,
        letter=lambda: emails.blast_letter(
            blast.newsletter,
            subject=draft.subject,
            markdown=blast.body_markdown,
            locale=draft.locale,
            links=links,
        ),
        now=now,
    )
    row = NewMessage(
        dedupe_key=f"blast_test {blast.id} {nonce}",
        kind=KIND,
        due_at=now,
        operator_id=operator.id,
        recipe_id=recipe.id,
        details={"blast_id": blast.id},
    )
    new = ledger.put(session, mailing, [row], now=now) == 1
    if new:
        audit.record(
            session,
            actor=f"operator {operator.id}",
            action="blast.tested",
            subject=f"blast {blast.id}",
            now=now,
        )
    return new
