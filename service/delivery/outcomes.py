"""Outcomes: what became of each message of a window, recorded in small batches with what follows from it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.delivery import mailings, suppression
from service.delivery.models import PENDING, MessageState
from service.delivery.replies import Phase

#: An address that was refused this often in a row, over more than this time, is no address (rule 107).
SOFT_BOUNCES = 3
SOFT_BOUNCE_SPAN = timedelta(days=14)


class Outcome(NamedTuple):
    """One message's fate; `phase` is empty where no try was made."""

    mailing_id: int
    message_id: int
    state: MessageState
    at: datetime
    reason: str = ""
    phase: str = ""
    code: int | None = None
    enhanced_code: str | None = None
    reply: str = ""
    #: When to try again.
    due_at: datetime | None = None
    #: The mailbox refused: "hard" (no such mailbox) or "soft".
    bounce: str = ""
    address_hash: bytes = b""
    #: host:port of the relay that was asked.
    relay: str = ""

    def to_json(self) -> dict[str, Any]:
        values = self._asdict()
        values["at"] = self.at.isoformat()
        values["due_at"] = self.due_at.isoformat() if self.due_at else None
        values["address_hash"] = self.address_hash.hex()
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Outcome":
        due_at = values["due_at"]
        return cls(
            **{
                **values,
                "state": MessageState(values["state"]),
                "at": datetime.fromisoformat(values["at"]),
                "due_at": datetime.fromisoformat(due_at) if due_at else None,
                "address_hash": bytes.fromhex(values["address_hash"]),
            }
        )


# A deferral of a message that its reader has cancelled meanwhile (the mark of ledger.cancel_pending) ends it.
# A row that a sweeper called unknown keeps its owner: what that owner learns later is still welcome.
_RECORD = text(
    """
    WITH o AS (
        SELECT *, state IN ('deferred', 'planned') AS again FROM unnest(
            CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[]), CAST(:states AS text[]),
            CAST(:reasons AS text[]), CAST(:due_ats AS timestamptz[]), CAST(:ats AS timestamptz[]),
            CAST(:relays AS text[]), CAST(:phases AS text[]), CAST(:codes AS bigint[]),
            CAST(:enhanced_codes AS text[]), CAST(:replies AS text[])
        ) AS each (mailing_id, id, state, reason, due_at, at, relay, phase, code, enhanced_code, reply)
    ), done AS (
        UPDATE messages AS m SET
            state = CASE WHEN o.again AND m.state = 'sending' AND m.reason <> ''
                         THEN 'cancelled' ELSE o.state END,
            reason = CASE WHEN o.again AND m.state = 'sending' AND m.reason <> ''
                          THEN m.reason ELSE o.reason END,
            due_at = COALESCE(o.due_at, m.due_at),
            attempts = m.attempts + CASE o.phase WHEN '' THEN 0 ELSE 1 END,
            sent_at = CASE o.state WHEN 'sent' THEN o.at ELSE m.sent_at END,
            state_at = o.at, owner = NULL, lease_until = NULL
        FROM o
        WHERE m.mailing_id = o.mailing_id AND m.id = o.id AND m.owner = :owner
          AND m.state IN ('claimed', 'sending', 'unknown')
        RETURNING m.mailing_id, m.id, m.attempts, m.subscriber_id
    ), tried AS (
        INSERT INTO attempts (mailing_id, message_id, number, at, relay, phase, outcome, code, enhanced_code,
                              reply)
        SELECT done.mailing_id, done.id, done.attempts, o.at, o.relay, o.phase, o.state, o.code,
               o.enhanced_code, o.reply
        FROM done JOIN o ON o.mailing_id = done.mailing_id AND o.id = done.id
        WHERE o.phase <> ''
    )
    SELECT mailing_id, id, subscriber_id FROM done
    """
)


# What nearly all outcomes are: accepted with 250 behind the dot. `replies` is relay, enhanced code and words.
_SENT = text(
    """
    WITH o AS (
        SELECT mailing_id, id, to_timestamp(at) AS at, string_to_array(reply, E'\\t') AS words FROM unnest(
            CAST(:mailing_ids AS bigint[]), CAST(:ids AS bigint[]), CAST(:ats AS float8[]),
            string_to_array(:replies, E'\\n')
        ) AS each (mailing_id, id, at, reply)
    ), done AS (
        UPDATE messages AS m SET state = 'sent', reason = '', attempts = m.attempts + 1, sent_at = o.at,
            state_at = o.at, owner = NULL, lease_until = NULL
        FROM o
        WHERE m.mailing_id = o.mailing_id AND m.id = o.id AND m.owner = :owner
          AND m.state IN ('claimed', 'sending', 'unknown')
        RETURNING m.mailing_id, m.id, m.attempts, o.at, o.words
    ), tried AS (
        INSERT INTO attempts (mailing_id, message_id, number, at, relay, phase, outcome, code, enhanced_code,
                              reply)
        SELECT mailing_id, id, attempts, at, words[1], 'dot', 'sent', 250, NULLIF(words[2], ''), words[3]
        FROM done
    )
    SELECT count(*) FROM done
    """
)
ACCEPTED_CODE = 250


def record(session: Session, outcomes: Sequence[Outcome], *, owner: str) -> int:
    """Write what became of these messages, where this owner still holds them; return how many it did.

    Doing it twice does no harm: the second time nobody holds them.
    """
    if not outcomes:
        return 0
    by_key = {(each.mailing_id, each.message_id): each for each in outcomes}
    plain = [each for each in by_key.values() if _is_plain(each)]
    count = _record_sent(session, plain, owner=owner) if plain else 0
    others = [each for each in by_key.values() if not _is_plain(each)]
    return count + (_record_others(session, others, by_key, owner=owner) if others else 0)


def _is_plain(outcome: Outcome) -> bool:
    return outcome.state is MessageState.SENT and outcome.phase == Phase.DOT and outcome.code == ACCEPTED_CODE


def _record_sent(session: Session, outcomes: list[Outcome], *, owner: str) -> int:
    values = {
        "owner": owner,
        "mailing_ids": "{" + ",".join([str(each.mailing_id) for each in outcomes]) + "}",
        "ids": "{" + ",".join([str(each.message_id) for each in outcomes]) + "}",
        "ats": "{" + ",".join([repr(each.at.timestamp()) for each in outcomes]) + "}",
        # Three columns in one text, and that in one: an array costs the driver half a microsecond a value.
        "replies": "\n".join(
            [f"{each.relay}\t{each.enhanced_code or ''}\t{each.reply}" for each in outcomes]
        ),
    }
    return int(session.execute(_SENT, values).scalar_one())


def _record_others(
    session: Session, outcomes: list[Outcome], by_key: dict[tuple[int, int], Outcome], *, owner: str
) -> int:
    rows = session.execute(_RECORD, _arrays(outcomes) | {"owner": owner}).all()
    mailings.reopen(session, {each.mailing_id for each in outcomes if each.state in PENDING})
    if any(each.bounce for each in outcomes):
        for mailing_id, message_id, subscriber_id in rows:
            outcome = by_key[mailing_id, message_id]
            if outcome.bounce:
                _bounced(session, outcome, subscriber_id=subscriber_id)
    return len(rows)


def _arrays(outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        "mailing_ids": "{" + ",".join([str(each.mailing_id) for each in outcomes]) + "}",
        "ids": "{" + ",".join([str(each.message_id) for each in outcomes]) + "}",
        "states": [each.state.value for each in outcomes],
        "reasons": [each.reason for each in outcomes],
        "due_ats": [each.due_at for each in outcomes],
        "ats": [each.at for each in outcomes],
        "relays": [each.relay for each in outcomes],
        "phases": [each.phase for each in outcomes],
        "codes": [each.code for each in outcomes],
        "enhanced_codes": [each.enhanced_code for each in outcomes],
        "replies": [each.reply for each in outcomes],
    }


def _bounced(session: Session, outcome: Outcome, *, subscriber_id: int | None) -> None:
    session.execute(
        text(
            "INSERT INTO events (mailing_id, message_id, kind, at, channel, dedupe_key, details) "
            "VALUES (:mailing_id, :message_id, :kind, :at, 'smtp', :key, '{}') ON CONFLICT DO NOTHING"
        ),
        {
            "mailing_id": outcome.mailing_id,
            "message_id": outcome.message_id,
            "kind": f"{outcome.bounce}_bounce",
            "at": outcome.at,
            "key": f"smtp {outcome.mailing_id} {outcome.message_id}",
        },
    )
    if not outcome.address_hash:
        return
    if outcome.bounce == "hard" or _gone_for_long(session, subscriber_id, outcome.at):
        suppression.suppress(
            session,
            outcome.address_hash,
            reason="hard_bounce",
            now=outcome.at,
            subscriber_id=subscriber_id,
        )


def _gone_for_long(session: Session, subscriber_id: int | None, now: datetime) -> bool:
    """Say whether soft bounces in a row, since the last success, span long enough."""
    if subscriber_id is None:
        return False
    row = session.execute(
        text(
            """
            SELECT count(*) AS n, min(e.at) AS first
            FROM messages m JOIN events e ON e.mailing_id = m.mailing_id AND e.message_id = m.id
            WHERE m.subscriber_id = :id AND e.kind = 'soft_bounce' AND e.at > COALESCE(
                (SELECT max(sent_at) FROM messages WHERE subscriber_id = :id), '-infinity')
            """
        ),
        {"id": subscriber_id},
    ).one()
    return bool(row.n >= SOFT_BOUNCES and now - row.first > SOFT_BOUNCE_SPAN)
