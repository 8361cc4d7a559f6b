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
    now: datetime,
) -> InvitationLetter:
    """Build the invitation; `generation` comes from the message's details, so that a retry says the same."""
    return InvitationLetter(
        letterhead=letterhead,
        invited_by=invited_by,
        role=operator.role.value,
        accept_url=links.invitation(operator_id=operator.id, generation=generation),
        valid_until=(now + LIFETIMES[Purpose.INVITATION]).date(),
    )
