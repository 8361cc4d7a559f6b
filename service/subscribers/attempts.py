"""The presses of the sign-up button: noted, and counted for the caps, with one question each.

Both happen with every press; through the ORM they were half of its work (docs/adr/0037).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.subscribers.signup_models import Held

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Findings:
    """What there was before one press, counted no further than the cap."""

    #: Whose address it is, if it is known.
    subscriber_id: int | None
    network_hour: int
    network_day: int
    newsletter_minute: int
    #: Mails to the address, since its owner last confirmed: from this newsletter, and reminders and all.
    address_day: int
    address_month: int


#: Of a person who is known: since when their mails count. Whoever confirms begins anew.
_PERSON = """
    WITH person AS (
        SELECT subscription.newsletter_id, subscription.confirmed_at, subscription.reminded_at
        FROM subscribers AS subscriber
        JOIN subscriptions AS subscription ON subscription.subscriber_id = subscriber.id
        WHERE subscriber.email_key = :email_key
    ), since AS (
        SELECT greatest(:month, max(confirmed_at)) AS month,
               greatest(:day, max(confirmed_at) FILTER (WHERE newsletter_id = :newsletter_id)) AS day
        FROM person
    )
"""
_MONTH = """
    (SELECT count(*) FROM (
        SELECT FROM signup_attempts
        WHERE mailed AND email_hash = :email_hash AND at > (SELECT month FROM since) LIMIT :per_month
    ) AS few) + (SELECT count(*) FROM person WHERE reminded_at > (SELECT month FROM since))
"""
# All attempts that are younger than a minute lie between the id of the first of them and the newest: where
# that is less than the cap they need no counting, which at a hundred a second would be thousands of rows.
_FIND = text(
    f"""
    {_PERSON}
    SELECT
        (SELECT id FROM subscribers WHERE email_key = :email_key),
        (SELECT count(*) FROM (
            SELECT FROM signup_attempts WHERE network = :network AND at > :hour LIMIT :per_network_hour
        ) AS few),
        (SELECT count(*) FROM (
            SELECT FROM signup_attempts WHERE network = :network AND at > :day LIMIT :per_network_day
        ) AS few),
        CASE WHEN (SELECT max(id) FROM signup_attempts)
                  - (SELECT id FROM signup_attempts WHERE at > :minute ORDER BY at LIMIT 1)
                  < :per_minute - 1
        THEN 0 ELSE (SELECT count(*) FROM (
            SELECT FROM signup_attempts
            WHERE mailed AND newsletter_id = :newsletter_id AND at > :minute LIMIT :per_minute
        ) AS few) END,
        (SELECT count(*) FROM (
            SELECT FROM signup_attempts
            WHERE mailed AND email_hash = :email_hash AND newsletter_id = :newsletter_id
                  AND at > (SELECT day FROM since) LIMIT :per_day
        ) AS few),
        {_MONTH}
    """  # noqa: S608  # built from the constants above
)
_MONTH_OF_ADDRESS = text(f"{_PERSON} SELECT {_MONTH}")
_NOTE = text(
    """
    INSERT INTO signup_attempts (at, email_hash, network, newsletter_id, mailed, held_by)
    VALUES (:at, :email_hash, :network, :newsletter_id, :mailed, :held_by)
    RETURNING id
    """
)


def find(
    session: Session,
    *,
    email_key: str,
    email_hash: bytes,
    network: str,
    newsletter_id: int,
    caps: dict[str, int],
    now: datetime,
) -> Findings:
    """Ask what one press is measured by; `caps` says how far to count."""
    values = caps | {
        "email_key": email_key,
        "email_hash": email_hash,
        "network": network,
        "newsletter_id": newsletter_id,
        "minute": now - MINUTE,
        "hour": now - HOUR,
        "day": now - DAY,
        "month": now - MONTH,
    }
    return Findings(*session.execute(_FIND, values).one())


def mails_of_month(
    session: Session, *, email_key: str, email_hash: bytes, newsletter_id: int, cap: int, now: datetime
) -> int:
    """Count the mails, with reminders, that signing up has sent to an address since it last confirmed."""
    values = {
        "email_key": email_key,
        "email_hash": email_hash,
        "newsletter_id": newsletter_id,
        "per_month": cap,
        "day": now - DAY,
        "month": now - MONTH,
    }
    mails: int = session.execute(_MONTH_OF_ADDRESS, values).scalar_one()
    return mails


def note(
    session: Session,
    *,
    email_hash: bytes,
    network: str,
    newsletter_id: int,
    held_by: Held | None,
    now: datetime,
) -> int:
    """Note one press, and whether a mail is written for it; return the id."""
    values = {
        "at": now,
        "email_hash": email_hash,
        "network": network,
        "newsletter_id": newsletter_id,
        "mailed": held_by is None,
        "held_by": None if held_by is None else held_by.value,
    }
    attempt_id: int = session.execute(_NOTE, values).scalar_one()
    return attempt_id
