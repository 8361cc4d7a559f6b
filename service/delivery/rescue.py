"""What operators decide about many messages at once: try failed ones again, settle unknown ones."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# A digest that failed gives its articles back to the reader's next one; once it has, that one brings them.
_FAILED = """
    m.mailing_id = :mailing_id AND m.state = 'failed' AND m.returned_at IS NULL
    AND (CAST(:reason AS text) IS NULL OR m.reason = :reason)
    AND (CAST(:code AS bigint) IS NULL OR EXISTS (
        SELECT FROM attempts AS a
        WHERE a.mailing_id = m.mailing_id AND a.message_id = m.id AND a.number = m.attempts
          AND a.code = :code))
"""
_RETRY = text(
    f"""
    UPDATE messages AS m SET state = 'planned', reason = '', due_at = :now, state_at = :now, owner = NULL,
        crashes = 0
    WHERE {_FAILED}
    """  # noqa: S608  # built from constants
)
_COUNT_FAILED = text(
    f"SELECT count(*) FROM (SELECT 1 FROM messages AS m WHERE {_FAILED} LIMIT :most) AS found"  # noqa: S608  (a constant)
)
_CODES = text(
    """
    SELECT a.code, count(*) FROM (
        SELECT id, attempts FROM messages WHERE mailing_id = :mailing_id AND state = 'failed' LIMIT :most
    ) AS m
    JOIN attempts AS a ON a.mailing_id = :mailing_id AND a.message_id = m.id AND a.number = m.attempts
    WHERE a.code IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1
    """
)
_SEND_AGAIN = text(
    """
    UPDATE messages SET state = 'planned', reason = '', due_at = :now, state_at = :now, owner = NULL
    WHERE mailing_id = :mailing_id AND state = 'unknown' AND reason <> 'left'
    """
)
_LEAVE = text(
    """
    UPDATE messages SET reason = 'left', state_at = :now, owner = NULL
    WHERE mailing_id = :mailing_id AND state = 'unknown' AND reason <> 'left'
    """
)
_REOPEN = text(
    "UPDATE mailings SET state = 'sending', finished_at = NULL WHERE id = :mailing_id AND state = 'finished'"
)
#: So many failed messages are looked at to say by which codes they failed, and how many can be tried again.
MOST = 20_000


def retry_failed(
    session: Session, mailing_id: int, *, reason: str | None, code: int | None, now: datetime
) -> int:
    """Plan failed messages once more; return how many. Doing it twice finds none the second time."""
    values = {"mailing_id": mailing_id, "reason": reason, "code": code, "now": now}
    return _moved(session, _RETRY, values)


def count_failed(session: Session, mailing_id: int, *, reason: str | None, code: int | None) -> int:
    """Count what `retry_failed` would move, up to MOST."""
    values = {"mailing_id": mailing_id, "reason": reason, "code": code, "most": MOST}
    return session.scalar(_COUNT_FAILED, values) or 0


def codes_of_failed(session: Session, mailing_id: int) -> list[tuple[int, int]]:
    """Return the SMTP codes by which messages of a mailing failed, among the first MOST."""
    rows = session.execute(_CODES, {"mailing_id": mailing_id, "most": MOST})
    return [(int(code), int(n)) for code, n in rows]


def send_unknown_again(session: Session, mailing_id: int, *, now: datetime) -> int:
    """Plan all undecided messages of unknown outcome once more; return how many."""
    return _moved(session, _SEND_AGAIN, {"mailing_id": mailing_id, "now": now})


def leave_unknown(session: Session, mailing_id: int, *, now: datetime) -> int:
    """Settle all undecided messages of unknown outcome as not to be sent again; return how many."""
    return _count(session, _LEAVE, {"mailing_id": mailing_id, "now": now})


def _moved(session: Session, statement: Any, values: dict[str, Any]) -> int:
    moved = _count(session, statement, values)
    if moved:
        session.execute(_REOPEN, {"mailing_id": values["mailing_id"]})
    return moved


def _count(session: Session, statement: Any, values: dict[str, Any]) -> int:
    return int(session.execute(statement, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult
