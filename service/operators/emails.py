"""The one letter that operators get: an invitation."""

from datetime import datetime

from service.emails.letters import InvitationLetter, Letterhead
from service.links import Links
from service.operators.models import Operator
from service.tokens import LIFETIMES, Purpose


def invitation_letter(
    operator: Operator,
    *,
    invited_by: str,
    generation: int,
    letterhead: Letterhead,
    links: Links,
    invited_at: datetime,
) -> InvitationLetter:
    """Build the invitation; `generation` and `invited_at` are the message's: a retry says the same."""
    return InvitationLetter(
        letterhead=letterhead,
        invited_by=invited_by,
        role=operator.role.value,
        accept_url=links.invitation(operator_id=operator.id, generation=generation, at=invited_at),
        valid_until=(invited_at + LIFETIMES[Purpose.INVITATION]).date(),
    )
