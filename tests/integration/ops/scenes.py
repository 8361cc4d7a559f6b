"""Mailings with messages in every state, written the way delivery writes them."""

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.blasts import audience, drafts, sending
from service.blasts.models import Blast
from service.db import Sessions, transaction
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Message, MessageState, Stream
from service.newsletters.models import Newsletter
from tests.factories import LINKS, make_newsletter, make_operator, make_subscription

State = MessageState
#: One of everything that an account counts.
EVERYTHING: dict[tuple[MessageState, str], int] = {
    (State.PLANNED, ""): 4,
    (State.CLAIMED, ""): 1,
    (State.SENDING, ""): 1,
    (State.DEFERRED, "greylisted"): 2,
    (State.SENT, ""): 9,
    (State.SKIPPED, "too_few"): 5,
    (State.CANCELLED, "unsubscribed"): 1,
    (State.FAILED, "no_such_mailbox"): 2,
    (State.EXPIRED, "too_late"): 1,
    (State.UNKNOWN, "no_reply"): 3,
}


def make_mailing(
    session: Session,
    counts: dict[tuple[MessageState, str], int],
    *,
    now: datetime,
    stream: Stream = Stream.DIGEST,
    cause: str = "edition 1",
    newsletter: Newsletter | None = None,
) -> Mailing:
    """Make a mailing with so many messages in each state, each to a reader of its own."""
    newsletter = newsletter or make_newsletter(session)
    mailing = mailings.open_mailing(
        session, stream=stream, cause=cause, title=f"The mailing of {cause}", list_id=newsletter.id, now=now
    )
    for (state, reason), n in counts.items():
        rows = [_row(session, newsletter, state, reason, now=now) for _ in range(n)]
        ledger.put(session, mailing, rows, now=now)
    session.execute(
        text(
            "UPDATE messages SET owner = 'a worker', lease_until = clock_timestamp() + interval '30 s' "
            "WHERE mailing_id = :id AND state IN ('claimed', 'sending')"
        ),
        {"id": mailing.id},
    )
    return mailing


def messages_of(session: Session, mailing: Mailing, *states: MessageState) -> list[Message]:
    query = select(Message).where(Message.mailing_id == mailing.id).order_by(Message.id)
    query = query.execution_options(populate_existing=True)
    return list(session.scalars(query.where(Message.state.in_(states)) if states else query))


def states_of(session: Session, mailing: Mailing) -> set[MessageState]:
    return {message.state for message in messages_of(session, mailing)}


def make_draft(session: Session, *, readers: int, now: datetime, topics: list[int] | None = None) -> Blast:
    """Make a draft with an audience of so many, and one reader who did not ask for announcements."""
    newsletter = make_newsletter(session)
    for _ in range(readers):
        make_subscription(session, newsletter, announcements=True)
    make_subscription(session, newsletter, announcements=False)
    return drafts.create(
        session,
        newsletter,
        subject="The regatta moves to Sunday",
        body_markdown="Because of the **storm**.",
        topic_ids=topics or [],
        operator_id=make_operator(session).id,
        now=now,
    )


def start(sessions: Sessions, blast: Blast, *, now: datetime) -> Mailing:
    """Begin a draft and write its ledger rows."""
    with transaction(sessions) as session:
        count = audience.count(session, session.get_one(Blast, blast.id), now=now)
        sending.start(session, blast.id, confirmed_count=count, links=LINKS, actor="operator 1", now=now)
    sending.fan_out(sessions, now=now)
    with sessions() as session:
        return session.get_one(Mailing, session.get_one(Blast, blast.id).mailing_id)


def deliver(session: Session, mailing: Mailing, *, at_most: int, now: datetime) -> None:
    """Let so many planned messages arrive."""
    session.execute(
        text(
            "UPDATE messages SET state = 'sent', sent_at = :now, state_at = :now "
            "WHERE mailing_id = :mailing_id AND id IN (SELECT id FROM messages "
            "WHERE mailing_id = :mailing_id AND state = 'planned' ORDER BY id LIMIT :at_most)"
        ),
        {"mailing_id": mailing.id, "at_most": at_most, "now": now},
    )


def _row(
    session: Session, newsletter: Newsletter, state: MessageState, reason: str, *, now: datetime
) -> NewMessage:
    reader = make_subscription(session, newsletter)
    return NewMessage(
        dedupe_key=f"subscription {reader.id}",
        kind="digest",
        due_at=now,
        subscriber_id=reader.subscriber_id,
        subscription_id=reader.id,
        state=state,
        reason=reason,
    )
