"""Whatever happens to a mailing, in whatever order, its account is the account of its rows."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.delivery import accounting, aging, ledger, mailings, planning
from service.delivery.accounting import Counts
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, MailingState, MailingTally, Message, MessageState, Stream

NOW = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
STATES = st.sampled_from(list(MessageState))
READER = st.integers(1, 12)

Operation = Callable[[Session, Mailing, datetime], object]


def put(readers: set[int], state: MessageState) -> Operation:
    def go(session: Session, mailing: Mailing, now: datetime) -> None:
        rows = [
            NewMessage(f"subscription {n}", "blast", now, subscriber_id=n, subscription_id=n, state=state)
            for n in sorted(readers)
        ]
        ledger.put(session, mailing, rows, now=now)

    return go


def spread(first: int, count: int) -> Operation:
    def go(session: Session, mailing: Mailing, now: datetime) -> None:
        numbers = func.generate_series(first, first + count).table_valued("n").render_derived().c.n
        audience = select(numbers, numbers.label("m"))
        planning.put_audience(session, mailing, audience, kind="blast", recipe_id=None, now=now)

    return go


def move(readers: set[int], state: MessageState, reason: str) -> Operation:
    def go(session: Session, mailing: Mailing, now: datetime) -> None:
        session.execute(
            text(
                "UPDATE messages SET state = :state, reason = :reason, state_at = :now "
                "WHERE mailing_id = :id AND subscriber_id = ANY(:readers)"
            ),
            {
                "state": state.value,
                "reason": reason,
                "now": now,
                "id": mailing.id,
                "readers": sorted(readers),
            },
        )

    return go


def erase(reader: int) -> Operation:
    return lambda session, mailing, now: session.execute(
        text("DELETE FROM messages WHERE mailing_id = :id AND subscriber_id = :reader"),
        {"id": mailing.id, "reader": reader},
    )


def cancel(reader: int) -> Operation:
    return lambda session, mailing, now: ledger.cancel_pending(
        session, subscriber_id=reader, reason="unsubscribed", now=now
    )


def fold(session: Session, mailing: Mailing, now: datetime) -> None:
    accounting.fold(session, at_least=1)


def flatten(session: Session, mailing: Mailing, now: datetime) -> None:
    ended(session, mailing, now)
    accounting.flatten(session, before=now)
    reopened(session, mailing)


def forget(session: Session, mailing: Mailing, now: datetime) -> None:
    """Delete what is left of it as retention does, when it ended long ago."""
    ended(session, mailing, now)
    aging.delete_slice(session, before=now)
    reopened(session, mailing)


def ended(session: Session, mailing: Mailing, now: datetime) -> None:
    mailing.state, mailing.finished_at = MailingState.FINISHED, now - timedelta(days=400)
    session.flush()


def reopened(session: Session, mailing: Mailing) -> None:
    mailing.state, mailing.finished_at = MailingState.SENDING, None
    session.flush()


OPERATIONS = st.one_of(
    st.builds(put, st.sets(READER, min_size=1), STATES),
    st.builds(spread, READER, st.integers(0, 6)),
    st.builds(move, st.sets(READER, min_size=1), STATES, st.sampled_from(["", "late", "left"])),
    st.builds(erase, READER),
    st.builds(cancel, READER),
    st.sampled_from([fold, flatten, forget]),
)


@given(operations=st.lists(st.tuples(OPERATIONS, st.integers(0, 180)), max_size=14))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_account_is_that_of_the_rows_and_of_those_that_retention_took(
    session: Session, operations: list[tuple[Operation, int]]
) -> None:
    now = NOW
    with session.begin_nested() as example:
        mailing = mailings.open_mailing(
            session, stream=Stream.BLAST, cause="example", title="An example", list_id=1, now=now
        )
        taken: Counter[tuple[MessageState, str]] = Counter()
        for operation, minutes in operations:
            now += timedelta(minutes=minutes)
            before = rows(session, mailing)
            operation(session, mailing, now)
            if operation is forget:
                taken += before
            assert +counted(session, mailing) == rows(session, mailing) + taken
            account = accounting.accounts(session, [mailing.id])[mailing.id]
            assert account.adds_up
            assert account.eligible == (rows(session, mailing) + taken).total()
        example.rollback()


def rows(session: Session, mailing: Mailing) -> Counter[tuple[MessageState, str]]:
    found = session.execute(
        select(Message.state, Message.reason, func.count())
        .where(Message.mailing_id == mailing.id)
        .group_by(Message.state, Message.reason)
    )
    return Counter({(state, reason): n for state, reason, n in found})


def counted(session: Session, mailing: Mailing) -> Counter[tuple[MessageState, str]]:
    found = session.execute(
        select(MailingTally.state, MailingTally.reason, func.sum(MailingTally.n))
        .where(MailingTally.mailing_id == mailing.id)
        .group_by(MailingTally.state, MailingTally.reason)
    )
    counts: Counts = {(state, reason): int(n) for state, reason, n in found}
    return Counter(counts)
