"""Reading editions: for the console."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.delivery.accounting import Account, accounts
from service.delivery.models import Mailing
from service.digests import periods
from service.digests.models import Edition, Run
from service.errors import NotFound
from service.recipes.models import Recipe


@dataclass(frozen=True, slots=True)
class EditionReport:
    """An edition with its mailing, its runs in order, and what became of everybody."""

    edition: Edition
    mailing: Mailing
    runs: tuple[Run, ...]
    account: Account

    @property
    def name(self) -> str:
        """Weekly, week 48 of 2026"""
        return periods.name_for_people(self.edition.period, rhythm=self.edition.rhythm)


def list_editions(
    session: Session, *, newsletter_id: int | None = None, before_id: int | None = None, limit: int = 50
) -> list[EditionReport]:
    """Return editions, latest first; `before_id` is where the last page ended."""
    query = select(Edition, Mailing).join(Mailing, Mailing.id == Edition.mailing_id)
    if newsletter_id is not None:
        query = query.where(Edition.newsletter_id == newsletter_id)
    if before_id is not None:
        query = query.where(Edition.id < before_id)
    query = query.options(joinedload(Edition.newsletter)).order_by(Edition.id.desc()).limit(limit)
    return _report(session, [(edition, mailing) for edition, mailing in session.execute(query)])


def get_edition(session: Session, edition_id: int) -> EditionReport:
    """:raises NotFound: when there is no such edition."""
    query = (
        select(Edition, Mailing)
        .join(Mailing, Mailing.id == Edition.mailing_id)
        .where(Edition.id == edition_id)
        .options(joinedload(Edition.newsletter))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such edition.")
    return _report(session, [(row[0], row[1])])[0]


def list_recipes(session: Session, mailing_id: int, *, limit: int = 50) -> list[Recipe]:
    """Return the different digests of an edition, the one most recently made first."""
    return list(
        session.scalars(
            select(Recipe).where(Recipe.mailing_id == mailing_id).order_by(Recipe.id.desc()).limit(limit)
        )
    )


def _report(session: Session, rows: Sequence[tuple[Edition, Mailing]]) -> list[EditionReport]:
    runs: dict[int, list[Run]] = {edition.id: [] for edition, _ in rows}
    for run in session.scalars(select(Run).where(Run.edition_id.in_(runs)).order_by(Run.slot_at)):
        runs[run.edition_id].append(run)
    numbers = accounts(session, [mailing.id for _, mailing in rows])
    return [
        EditionReport(edition, mailing, tuple(runs[edition.id]), numbers[mailing.id])
        for edition, mailing in rows
    ]
