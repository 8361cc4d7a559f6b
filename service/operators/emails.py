"""The letters that operators get: an invitation, and the way to a new password."""

from datetime import datetime

from service.emails.letters import InvitationLetter, Letterhead, PasswordLetter
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


def password_letter(
    operator: Operator,
    *,
    mark: str,
    has_second_factor: bool,
    letterhead: Letterhead,
    links: Links,
    asked_at: datetime,
) -> PasswordLetter:
    """Build the letter; `mark` and `asked_at` are the message's: a retry says the same."""
    return PasswordLetter(
        letterhead=letterhead,
        password_url=links.new_password(operator_id=operator.id, mark=mark, at=asked_at),
        valid_for="an hour",
        has_second_factor=has_second_factor,
    )
