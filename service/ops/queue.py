"""Mailings with their accounts, as operators see them: open ones first, then the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.blasts.models import Blast
from service.delivery import accounting, holds, operator_limits
from service.delivery.accounting import Account
from service.delivery.models import Mailing, MailingState, Stream
from service.digests.models import Edition
from service.digests.review import REVIEW
from service.errors import NotFound
from service.ops import actors

#: Those that may still send something.
OPEN_STATES = (MailingState.SENDING, MailingState.PAUSED, MailingState.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Line:
    """One mailing and what became of everybody in it; equal lines look equal on a page."""

    mailing_id: int
    title: str
    stream: Stream
    state: MailingState
    #: False while rows are still being written.
    planned: bool
    created_at: datetime
    finished_at: datetime | None
    account: Account
    edition_id: int | None = None
    blast_id: int | None = None
    #: The red button holds it, whatever its own state.
    held: bool = False
    paused_at: datetime | None = None
    #: A name, or "Broadsheet".
    paused_by: str = ""
    paused_reason: str | None = None
    #: An edition that waits for its review.
    in_review: bool = False
    #: Unknown messages that nobody has decided about.
    undecided: int = 0
    #: Mails a second, where an operator has set a pace.
    limit: float | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def can_be_held(self) -> bool:
        """Whether the red button reaches it: digests and blasts; confirmations go on."""
        return self.state is MailingState.SENDING and self.stream is not Stream.TRANSACTIONAL

    @property
    def is_idle(self) -> bool:
        """An edition or a month that waits for its next reader: nothing to do, and not over."""
        return self.state is MailingState.SENDING and not self.account.pending

    @property
    def look(self) -> str:
        """The word for its state: its own, that it waits, or that the red button holds it."""
        if self.is_idle:
            return "idle"
        return "held" if self.held and self.state is MailingState.SENDING else self.state.value


def list_open(session: Session) -> list[Line]:
    """Return what may still send something, the busiest first."""
    lines = _lines(session, select(Mailing).where(Mailing.state.in_(OPEN_STATES)).order_by(Mailing.id.desc()))
    return sorted(lines, key=lambda line: (line.is_idle, -line.mailing_id))


def list_closed(session: Session, *, before_id: int | None = None, limit: int = 25) -> list[Line]:
    """Return one page of what is over, newest first; `before_id` is the last one seen."""
    query = select(Mailing).where(Mailing.state.not_in(OPEN_STATES)).order_by(Mailing.id.desc()).limit(limit)
    return _lines(session, query if before_id is None else query.where(Mailing.id < before_id))


def get(session: Session, mailing_id: int) -> Line:
    """Return one mailing.

    :raises NotFound: there is none with this id.
    """
    line = get_many(session, [mailing_id]).get(mailing_id)
    if line is None:
        raise NotFound("There is no such mailing; it may have been removed by the retention rules.")
    return line


def get_many(session: Session, mailing_ids: Sequence[int]) -> dict[int, Line]:
    """Return those that there are, by id."""
    lines = _lines(session, select(Mailing).where(Mailing.id.in_(mailing_ids)))
    return {line.mailing_id: line for line in lines}


def _lines(session: Session, query: Select[Mailing]) -> list[Line]:
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    ids = [row.id for row in rows]
    accounts = accounting.accounts(session, ids)
    editions = _owners(session, Edition, ids)
    blasts = _owners(session, Blast, ids)
    people = actors.names(session, {row.paused_by for row in rows if row.paused_by})
    held = holds.find(session) is not None
    limits = operator_limits.rates(session)
    return [
        Line(
            mailing_id=row.id,
            title=row.title,
            stream=row.stream,
            state=row.state,
            planned=row.planned,
            created_at=row.created_at,
            finished_at=row.finished_at,
            account=accounts[row.id],
            edition_id=editions.get(row.id),
            blast_id=blasts.get(row.id),
            held=held and row.stream is not Stream.TRANSACTIONAL,
            paused_at=row.paused_at,
            paused_by=people.get(row.paused_by or "", ""),
            paused_reason=row.paused_reason,
            in_review=row.state is MailingState.PAUSED and row.paused_by == REVIEW,
            undecided=accounts[row.id].undecided,
            limit=limits.get(operator_limits.mailing_name(row.id)),
        )
        for row in rows
    ]


def _owners(session: Session, model: type[Edition] | type[Blast], ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(select(model.mailing_id, model.id).where(model.mailing_id.in_(ids)))
    return {mailing_id: owner_id for mailing_id, owner_id in rows if mailing_id is not None}
