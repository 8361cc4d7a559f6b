"""What became of everybody: eligible = sent + skipped + failed + unknown + pending, for every mailing."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.delivery.models import PENDING, MailingTally, Message, MessageState

#: The reason of an unknown message that an operator decided to leave.
LEFT = "left"
Counts = dict[tuple[MessageState, str], int]


@dataclass(frozen=True, slots=True)
class Account:
    """One mailing in numbers; cancelled messages are skipped ones, expired messages are failed ones."""

    eligible: int = 0
    sent: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    pending: int = 0
    by_state: dict[MessageState, int] = field(default_factory=dict)
    #: Of the unknown ones, those that wait for an operator's decision.
    undecided: int = 0

    @property
    def adds_up(self) -> bool:
        parts = sum(self.skipped.values()) + sum(self.failed.values())
        return self.eligible == self.sent + parts + self.unknown + self.pending and self.pending >= 0

    @property
    def done(self) -> int:
        return self.eligible - self.pending


def accounts(session: Session, mailing_ids: Collection[int]) -> dict[int, Account]:
    """Return the account of each mailing, empty where nothing was planned yet."""
    counts: dict[int, Counts] = {mailing_id: {} for mailing_id in mailing_ids}
    rows = session.execute(
        select(MailingTally.mailing_id, MailingTally.state, MailingTally.reason, func.sum(MailingTally.n))
        .where(MailingTally.mailing_id.in_(counts))
        .group_by(MailingTally.mailing_id, MailingTally.state, MailingTally.reason)
    )
    for mailing_id, state, reason, n in rows:
        if n:
            counts[mailing_id][state, reason] = int(n)
    return {mailing_id: account_of(each) for mailing_id, each in counts.items()}


def account_of(counts: Counts) -> Account:
    """Sort counted messages into the terms of the sum."""
    by_state: dict[MessageState, int] = defaultdict(int)
    skipped: dict[str, int] = defaultdict(int)
    failed: dict[str, int] = defaultdict(int)
    for (state, reason), n in counts.items():
        by_state[state] += n
        if state in {MessageState.SKIPPED, MessageState.CANCELLED}:
            skipped[reason or state.value] += n
        elif state in {MessageState.FAILED, MessageState.EXPIRED}:
            failed[reason or state.value] += n
    return Account(
        eligible=sum(by_state.values()),
        sent=by_state.get(MessageState.SENT, 0),
        skipped=dict(skipped),
        failed=dict(failed),
        unknown=by_state.get(MessageState.UNKNOWN, 0),
        undecided=sum(
            n for (state, reason), n in counts.items() if state is MessageState.UNKNOWN and reason != LEFT
        ),
        pending=sum(n for state, n in by_state.items() if state in PENDING),
        by_state=dict(by_state),
    )


def recount(session: Session, mailing_id: int) -> Account:
    """Count the rows themselves: the check of the counters, too slow for a page."""
    rows = session.execute(
        select(Message.state, Message.reason, func.count())
        .where(Message.mailing_id == mailing_id)
        .group_by(Message.state, Message.reason)
    )
    return account_of({(state, reason): n for state, reason, n in rows})


def fold(session: Session, *, at_least: int = 50) -> int:
    """Sum up the counters of mailings with many lines too many; return how many lines went."""
    gone = session.scalar(
        text(
            """
            WITH crowded AS (
                SELECT mailing_id FROM mailing_tallies GROUP BY mailing_id
                HAVING count(*) - count(DISTINCT (state, reason, hour)) >= :at_least
            ), picked AS (
                SELECT id FROM mailing_tallies WHERE mailing_id IN (SELECT mailing_id FROM crowded)
                FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM mailing_tallies WHERE id IN (SELECT id FROM picked)
                RETURNING mailing_id, state, reason, hour, n
            ), kept AS (
                INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
                SELECT mailing_id, state, reason, hour, sum(n) FROM gone
                GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0
            )
            SELECT count(*) FROM gone
            """
        ),
        {"at_least": at_least},
    )
    return int(gone or 0)


def flatten(session: Session, *, before: datetime) -> int:
    """Forget the hours in the counters of mailings that ended before; return how many lines went."""
    gone = session.scalar(
        text(
            """
            WITH crowded AS (
                SELECT t.mailing_id FROM mailing_tallies AS t JOIN mailings AS g ON g.id = t.mailing_id
                WHERE g.state IN ('finished', 'stopped') AND g.finished_at < :before
                GROUP BY t.mailing_id HAVING count(*) > count(DISTINCT (t.state, t.reason))
            ), gone AS (
                DELETE FROM mailing_tallies WHERE mailing_id IN (SELECT mailing_id FROM crowded)
                RETURNING mailing_id, state, reason, hour, n
            ), kept AS (
                INSERT INTO mailing_tallies (mailing_id, state, reason, hour, n)
                SELECT mailing_id, state, reason, max(hour), sum(n) FROM gone
                GROUP BY 1, 2, 3 HAVING sum(n) <> 0
            )
            SELECT count(*) FROM gone
            """
        ),
        {"before": before},
    )
    return int(gone or 0)
