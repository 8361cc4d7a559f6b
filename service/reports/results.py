"""What came of mailings, one by one and beside the ten before: read from counts, never from the ledger."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.delivery import accounting
from service.delivery.accounting import Account
from service.delivery.models import Mailing, MailingState, Stream
from service.digests.models import Edition
from service.errors import NotFound
from service.reports.models import MailingResult

#: How many earlier mailings make "usual".
COMPARED = 10
#: Fewer say nothing.
ENOUGH = 3


class Measure(StrEnum):
    """What is compared, each as a share."""

    DELIVERED = "delivered"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Result:
    """One mailing in numbers."""

    mailing_id: int
    title: str
    stream: Stream
    newsletter_id: int | None
    state: MailingState
    began_at: datetime
    account: Account
    people: int = 0
    repeats: int = 0
    machines: int = 0
    unsubscribed: int = 0
    complaints: int = 0
    hard_bounces: int = 0
    soft_bounces: int = 0
    #: Bounces of mails that the relay had accepted first.
    returned: int = 0
    counted_at: datetime | None = None

    @property
    def sent(self) -> int:
        return self.account.sent

    @property
    def delivered(self) -> int:
        """Accepted, and not come back."""
        return max(self.sent - self.returned, 0)

    @property
    def bounces(self) -> int:
        return self.hard_bounces + self.soft_bounces

    def share(self, measure: Measure) -> float | None:
        """Return it between 0 and 1 (clicks: a mail may bring several); None where nothing was sent."""
        tried = self.sent + sum(self.account.failed.values())
        whole, part = {
            Measure.DELIVERED: (tried, self.delivered),
            Measure.CLICKED: (self.delivered, self.people),
            Measure.UNSUBSCRIBED: (self.delivered, self.unsubscribed),
            Measure.COMPLAINED: (self.delivered, self.complaints),
            Measure.BOUNCED: (tried, self.bounces),
        }[measure]
        return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Usual:
    """The medians of the mailings before; a measure is absent where too few are known."""

    shares: dict[Measure, float]
    compared: int


def get(session: Session, mailing_id: int) -> Result:
    """Return one mailing.

    :raises NotFound: there is none, or it is mail that single people asked for.
    """
    query = _of_newsletters().where(Mailing.id == mailing_id)
    found = _results(session, session.scalars(query).all())
    if not found:
        raise NotFound("There is no report of this mailing: it was never there, or is gone by now.")
    return found[0]


def list_page(
    session: Session, *, newsletter_id: int | None = None, before: int | None = None, limit: int = 20
) -> list[Result]:
    """Return the newest mailings older than the one of id `before`."""
    query = _of_newsletters().order_by(Mailing.id.desc()).limit(limit)
    if newsletter_id is not None:
        query = query.where(Mailing.list_id == newsletter_id)
    if before is not None:
        query = query.where(Mailing.id < before)
    return _results(session, session.scalars(query).all())


def every(session: Session, *, newsletter_id: int | None = None) -> Iterator[Result]:
    """Yield all of them in portions: for downloads."""
    before: int | None = None
    while found := list_page(session, newsletter_id=newsletter_id, before=before, limit=500):
        yield from found
        before = found[-1].mailing_id
        session.expunge_all()


def usual(session: Session, result: Result) -> Usual:
    """Return the medians of the ten mailings before it: blasts beside blasts, weekly beside weekly."""
    query = (
        _of_newsletters()
        .where(
            Mailing.list_id == result.newsletter_id,
            Mailing.stream == result.stream,
            Mailing.id < result.mailing_id,
        )
        .order_by(Mailing.id.desc())
        .limit(COMPARED)
    )
    rhythm = session.scalar(select(Edition.rhythm).where(Edition.mailing_id == result.mailing_id))
    if rhythm is not None:
        query = query.join(Edition, Edition.mailing_id == Mailing.id).where(Edition.rhythm == rhythm)
    earlier = _results(session, session.scalars(query).all())
    shares = {}
    for measure in Measure:
        known = [share for each in earlier if (share := each.share(measure)) is not None]
        if len(known) >= ENOUGH:
            shares[measure] = median(known)
    return Usual(shares, len(earlier))


def _of_newsletters() -> Select[Mailing]:
    return select(Mailing).where(Mailing.list_id.is_not(None), Mailing.stream != Stream.TRANSACTIONAL)


def _results(session: Session, mailings: Sequence[Mailing]) -> list[Result]:
    ids = [each.id for each in mailings]
    accounts = accounting.accounts(session, ids)
    counted = _counted(session, ids)
    return [
        Result(
            mailing_id=each.id,
            title=each.title,
            stream=each.stream,
            newsletter_id=each.list_id,
            state=each.state,
            began_at=each.created_at,
            account=accounts[each.id],
            **counted.get(each.id, {}),
        )
        for each in mailings
    ]


_NUMBERS = (
    "people",
    "repeats",
    "machines",
    "unsubscribed",
    "complaints",
    "hard_bounces",
    "soft_bounces",
    "returned",
    "counted_at",
)


def _counted(session: Session, mailing_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    rows = session.scalars(select(MailingResult).where(MailingResult.mailing_id.in_(mailing_ids)))
    return {row.mailing_id: {name: getattr(row, name) for name in _NUMBERS} for row in rows}
