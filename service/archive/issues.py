"""Editions and blasts of the archive: one of them whole, and the list of all, newest first."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session

from service.archive import stories
from service.archive.models import PublicEdition
from service.archive.shown import is_shown
from service.archive.stories import Story
from service.blasts import content
from service.blasts.models import Blast, BlastState
from service.emails.sanitising import single_line
from service.errors import NotFound
from service.languages.words import _
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import schedule

_PERIOD = re.compile(r"[0-9W+-]{7,16}")


@dataclass(frozen=True, slots=True)
class Item:
    """A story in its edition, and the topic it stands for."""

    story: Story
    topic_id: int


@dataclass(frozen=True, slots=True)
class Part:
    """Items under one heading; `key` is editors, popular, new, explore or missed, as a digest's."""

    key: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """An edition as the public sees it; without parts everything in it was withdrawn."""

    id: int
    rhythm: Rhythm
    period: str
    day: date
    slot_at: datetime
    published_at: datetime
    parts: tuple[Part, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for part in self.parts for item in part.items)

    @property
    def lead(self) -> Item | None:
        return next(iter(self.items), None)

    @property
    def lead_picture(self) -> str | None:
        """The first picture of it that may be shown."""
        return next((item.story.picture for item in self.items if item.story.picture), None)

    @property
    def changed_at(self) -> datetime:
        """The latest of its publication and of corrections to what is in it."""
        return max((item.story.changed_at for item in self.items), default=self.published_at)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A sent blast as the public sees it."""

    id: int
    subject: str
    markdown: str
    day: date
    sent_at: datetime


class Place(NamedTuple):
    """Where a page of the list ends; the next one begins below it."""

    at: datetime
    #: Of an issue 1, of an announcement 0: they may share an instant.
    rank: int
    id: int


def get_issue(session: Session, newsletter: Newsletter, period: str) -> Issue:
    """Return one edition.

    :raises NotFound: there is none of this period.
    """
    # What cannot be one is not asked for: PostgreSQL refuses some texts.
    found = _editions(newsletter).where(PublicEdition.period == period)
    row = session.scalars(found).one_or_none() if _PERIOD.fullmatch(period) else None
    if row is None:
        raise NotFound(_("There is no such edition in the archive."))
    return _issues(session, newsletter, [row])[0]


def find_latest(session: Session, newsletter: Newsletter) -> str | None:
    """Return the period of the newest edition."""
    newest = _editions(newsletter).order_by(PublicEdition.slot_at.desc(), PublicEdition.id.desc())
    row = session.scalars(newest.limit(1)).one_or_none()
    return None if row is None else row.period


def latest_issues(session: Session, newsletter: Newsletter, *, limit: int) -> list[Issue]:
    newest = _editions(newsletter).order_by(PublicEdition.slot_at.desc(), PublicEdition.id.desc())
    return _issues(session, newsletter, session.scalars(newest.limit(limit)).all())


def neighbours(session: Session, newsletter: Newsletter, issue: Issue) -> tuple[str | None, str | None]:
    """Return the periods of the edition before and of the one after."""
    key = tuple_(PublicEdition.slot_at, PublicEdition.id)
    here = (issue.slot_at, issue.id)
    periods = select(PublicEdition.period).where(*_public(newsletter)).limit(1)
    before = periods.where(key < here).order_by(PublicEdition.slot_at.desc(), PublicEdition.id.desc())
    after = periods.where(key > here).order_by(PublicEdition.slot_at, PublicEdition.id)
    return session.scalar(before), session.scalar(after)


def list_page(
    session: Session, newsletter: Newsletter, *, before: Place | None, limit: int
) -> tuple[list[Issue | Announcement], Place | None]:
    """Return editions and blasts below a place, newest first, and the place of the next page if there is one.

    By key, so that the thousandth page costs as much as the first.
    """
    editions = _editions(newsletter).order_by(PublicEdition.slot_at.desc(), PublicEdition.id.desc())
    blasts = _blasts(newsletter).order_by(Blast.started_at.desc(), Blast.id.desc())
    if before is not None:
        # The first comparison is what an index can be asked for.
        editions = editions.where(
            PublicEdition.slot_at <= before.at,
            tuple_(PublicEdition.slot_at, 1, PublicEdition.id) < tuple(before),
        )
        blasts = blasts.where(
            Blast.started_at <= before.at, tuple_(Blast.started_at, 0, Blast.id) < tuple(before)
        )
    issues = _issues(session, newsletter, session.scalars(editions.limit(limit + 1)).all())
    sent = [_announcement(session, row, newsletter) for row in session.scalars(blasts.limit(limit + 1))]
    entries: list[Issue | Announcement] = [*issues, *sent]
    merged = sorted(entries, key=place_of, reverse=True)
    return merged[:limit], place_of(merged[limit - 1]) if len(merged) > limit else None


def place_of(entry: Issue | Announcement) -> Place:
    if isinstance(entry, Issue):
        return Place(entry.slot_at, 1, entry.id)
    return Place(entry.sent_at, 0, entry.id)


def get_announcement(session: Session, newsletter: Newsletter, blast_id: int) -> Announcement:
    """Return one blast.

    :raises NotFound: it was not sent, or is kept out of the archive.
    """
    row = session.scalars(_blasts(newsletter).where(Blast.id == blast_id)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such announcement in the archive."))
    return _announcement(session, row, newsletter)


def _editions(newsletter: Newsletter) -> Select[PublicEdition]:
    return select(PublicEdition).where(*_public(newsletter))


def _public(newsletter: Newsletter) -> tuple[ColumnElement[bool], ...]:
    return PublicEdition.newsletter_id == newsletter.id, is_shown()


def _blasts(newsletter: Newsletter) -> Select[Blast]:
    return select(Blast).where(
        Blast.newsletter_id == newsletter.id,
        Blast.in_archive,
        Blast.state == BlastState.SENT,
        Blast.started_at.is_not(None),
    )


def _announcement(session: Session, blast: Blast, newsletter: Newsletter) -> Announcement:
    sent_at = blast.started_at or blast.created_at
    day = schedule.local_date(sent_at, time_zone=newsletter.time_zone)
    markdown = content.public_markdown(session, blast)
    return Announcement(blast.id, single_line(blast.subject), markdown, day, sent_at)


def _issues(session: Session, newsletter: Newsletter, rows: Sequence[PublicEdition]) -> list[Issue]:
    wanted = {article_id for row in rows for article_id in row.article_ids}
    found = stories.find(session, wanted, newsletter=newsletter)
    return [
        Issue(
            id=row.id,
            rhythm=row.rhythm,
            period=row.period,
            day=row.day,
            slot_at=row.slot_at,
            published_at=row.published_at,
            parts=_parts(row, found),
        )
        for row in rows
    ]


def _parts(row: PublicEdition, found: dict[int, Story]) -> tuple[Part, ...]:
    """Return what may be read of an edition; topics with a single new article share a part."""
    parts = [part for section in row.content["sections"] if (part := _part(section, found)).items]
    single = [part for part in parts[1:] if part.key == "new" and len(part.items) == 1]
    if len(single) < 2:
        return tuple(parts)
    together = Part("new", tuple(item for part in single for item in part.items))
    place = parts.index(single[-1])
    left = [part for part in (*parts[:place], together, *parts[place + 1 :]) if part not in single]
    return tuple(left)


def _part(section: dict[str, Any], found: dict[int, Story]) -> Part:
    items: Collection[dict[str, Any]] = section["items"]
    return Part(
        section["key"],
        tuple(
            Item(found[item["article_id"]], item["topic_id"]) for item in items if item["article_id"] in found
        ),
    )
