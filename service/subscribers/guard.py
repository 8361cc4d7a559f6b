"""The one guard in front of every way to sign up: the page, the frame and the API (docs/adr/0020).

A form carries a nonce, which we signed when it was made, and a decoy, which people do not see. Neither costs
a person anything; what a machine gains by getting past both is bounded by the caps.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.errors import BadToken
from service.languages.words import later
from service.subscribers.signup_models import Held
from service.tokens import Purpose, Tokens

#: Nobody reads a form and types an address in less; machines do.
QUICKEST_SECONDS = 2

#: What a person is told whom the guard mistakes for a machine. The decoy says nothing.
SENTENCES = {
    Held.HASTE: later("That was very quick. Please press the button once more."),
    Held.NONCE: later("This page was open for a long time. Please press the button once more."),
}

_COUNT = text(
    """
    INSERT INTO signup_refusals (hour, newsletter_id, network, held_by, count)
    VALUES (date_trunc('hour', CAST(:now AS timestamptz), 'UTC'), :newsletter_id, :network, :held_by, 1)
    ON CONFLICT (hour, newsletter_id, network, held_by) DO UPDATE SET count = signup_refusals.count + 1
    """
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a form carries beside the reader's choices."""

    nonce: str = field(repr=False)
    decoy: str = field(repr=False)


def nonce(tokens: Tokens, *, newsletter_id: int, now: datetime) -> str:
    """Sign the moment at which a form is made, for this newsletter and for a day."""
    return tokens.make(Purpose.FORM, [newsletter_id, int(now.timestamp())], at=now)


def judge(tokens: Tokens, evidence: Evidence, *, newsletter_id: int, now: datetime) -> Held | None:
    """Say what gives a machine away; None for what may be a person."""
    if evidence.decoy:
        return Held.DECOY
    try:
        made_for, made_at = tokens.read(Purpose.FORM, evidence.nonce, now=now)
    except (BadToken, ValueError):
        return Held.NONCE
    if made_for != newsletter_id:
        return Held.NONCE
    return Held.HASTE if now.timestamp() - made_at < QUICKEST_SECONDS else None


def count_refusal(session: Session, held: Held, *, newsletter_id: int, network: str, now: datetime) -> None:
    """Add one to what the console shows; loses at most a moment's counts when the database stops hard."""
    # Refusals come in floods, all to one row: none of them waits for the disk.
    session.execute(text("SET LOCAL synchronous_commit = off"))
    values = {"now": now, "newsletter_id": newsletter_id, "network": network, "held_by": held.value}
    session.execute(_COUNT, values)
