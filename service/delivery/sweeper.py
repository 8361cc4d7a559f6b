"""The sweeper: settles what dead senders left, ends what is too old, closes what is finished.

Runs on the tick and at worker start; any number at once do no harm.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import accounting, backoff, claims, journal, ledger, mailings, traffic
from service.delivery.claims import Key
from service.delivery.fates import MOST_RESENDS
from service.delivery.journal import Record
from service.delivery.models import Mailing, MailingState
from service.delivery.outcomes import record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep found."""

    owners: int
    expired: int
    finished: int


def sweep(sessions: Sessions, *, journals: Path, now: datetime) -> SweepReport:
    """Put the ledger in order."""
    owners = _settle_dead(sessions, journals, now) + _settle_overdue(sessions, journals, now)
    with transaction(sessions) as session:
        _end_stopped(session, now)
        expired = _end_too_old(session, now)
    with transaction(sessions) as session:
        finished = mailings.close_finished(session, now=now)
        accounting.fold(session)
        traffic.fold(session, now=now)
    return SweepReport(owners, expired, finished)


def settle(session: Session, owner: str, known: Record | None, *, overdue_only: bool, now: datetime) -> int:
    """Settle what an owner held, by what its journal says; return how many outcomes stay unknown.

    Before the dot -> back to the ledger; a recorded reply -> that outcome; a dot without a reply -> unknown.
    Without a whole journal, everything that was marked as being sent is unknown. An unknown row keeps its
    owner, so that a journal found later can still settle it.
    """
    if known is not None:
        record(session, list(known.outcomes.values()), owner=owner)
    held = _held(session, owner, overdue_only=overdue_only)
    if known is not None and known.complete:
        in_doubt = set(held) & known.dots
    else:
        in_doubt = {key for key, state in held.items() if state != "claimed"}
    claims.give_back(session, set(held) - in_doubt, owner=owner, now=now)
    return _doubt(session, owner, in_doubt, now=now)


def _settle_dead(sessions: Sessions, journals: Path, now: datetime) -> int:
    count = 0
    for path in journal.find_dead(journals):
        known = journal.read(path)
        with transaction(sessions) as session:
            unknown = settle(session, known.owner, known, overdue_only=False, now=now)
            poison = claims.crashed(session, known.composing, now=now)
        if poison:
            log.error("A message killed its worker %s times and is set aside.", claims.MOST_CRASHES)
        path.unlink(missing_ok=True)
        _tell(unknown)
        count += 1
    return count


def _settle_overdue(sessions: Sessions, journals: Path, now: datetime) -> int:
    """Settle owners whose lease has ended: frozen ones of this machine, any of another."""
    with transaction(sessions) as session:
        owners = session.scalars(
            text(
                "SELECT DISTINCT owner FROM messages "
                "WHERE owner IS NOT NULL AND state IN ('claimed', 'sending') "
                "AND lease_until < clock_timestamp()"
            )
        ).all()
    for owner in owners:
        known = journal.read_of(journals, owner)
        with transaction(sessions) as session:
            unknown = settle(session, owner, known, overdue_only=True, now=now)
        _tell(unknown)
    return len(owners)


def _held(session: Session, owner: str, *, overdue_only: bool) -> dict[Key, str]:
    rows = session.execute(
        text(
            "SELECT mailing_id, id, state FROM messages WHERE owner = :owner "
            "AND (state = 'unknown' OR (state IN ('claimed', 'sending') "
            "     AND (NOT :overdue_only OR lease_until < clock_timestamp()))) "
            "ORDER BY mailing_id, id FOR UPDATE"
        ),
        {"owner": owner, "overdue_only": overdue_only},
    )
    return {(mailing_id, message_id): state for mailing_id, message_id, state in rows}


def _doubt(session: Session, owner: str, keys: set[Key], *, now: datetime) -> int:
    """Call these unknown; a confirmation is sent again instead, which does no harm."""
    if not keys:
        return 0
    states = session.scalars(
        text(
            """
            UPDATE messages AS m SET
                state = CASE WHEN w.again THEN 'deferred' ELSE 'unknown' END,
                reason = 'no_reply', state_at = :now, lease_until = NULL,
                owner = CASE WHEN w.again THEN NULL ELSE m.owner END,
                attempts = m.attempts + CASE WHEN w.again THEN 1 ELSE 0 END
            FROM (
                SELECT d.mailing_id, d.id, d.stream = 'transactional' AND d.attempts < :most AS again
                FROM messages d JOIN unnest(CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[]))
                    AS k (mailing_id, id) ON d.mailing_id = k.mailing_id AND d.id = k.id
                WHERE d.state IN ('claimed', 'sending')
            ) AS w
            WHERE m.mailing_id = w.mailing_id AND m.id = w.id AND m.owner = :owner
            RETURNING m.state
            """
        ),
        claims.key_arrays(sorted(keys)) | {"owner": owner, "now": now, "most": MOST_RESENDS},
    )
    return sum(state == "unknown" for state in states)


def _end_stopped(session: Session, now: datetime) -> None:
    """Cancel what was handed back to a mailing after it had been stopped."""
    recently = select(Mailing.id).where(
        Mailing.state == MailingState.STOPPED, Mailing.finished_at > now - timedelta(days=1)
    )
    for mailing_id in session.scalars(recently):
        ledger.cancel_pending(session, mailing_id=mailing_id, reason="stopped", now=now)


def _end_too_old(session: Session, now: datetime) -> int:
    """Expire what has been due for so long that it is no news any more; an operator's blast waits for him."""
    ended = session.execute(
        text(
            """
            UPDATE messages AS m SET state = 'expired', reason = 'too_late', state_at = :now
            FROM mailings g
            WHERE g.id = m.mailing_id AND g.state = 'sending' AND m.due_at < :oldest
              AND m.stream IN ('transactional', 'digest') AND m.state IN ('planned', 'deferred')
            RETURNING 1
            """
        ),
        {"now": now, "oldest": now - backoff.LIFETIME},
    )
    return len(ended.all())


def _tell(unknown: int) -> None:
    if unknown:
        log.error("%s messages of a lost sender may or may not have been sent; an operator decides.", unknown)
