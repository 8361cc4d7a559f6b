"""The archive: every edition and announcement by date, the newest, and each on a page of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.archive import issues, picture
from service.archive.issues import Announcement, Issue, Part, Place
from service.emails.colours import Accent
from service.emails.markdown import render_markdown
from service.errors import NotFound
from service.languages.dates import long_date
from service.languages.words import _, later
from service.newsletters.models import Newsletter, Topic
from service.web.context import runtime
from service.web.readers.cacheable import public
from service.web.readers.rooms import Card, get_archive, room
from service.web.row_ids import LARGEST

blueprint = Blueprint("archive", __name__)

SHOWN = 20
HEADINGS = {
    "editors": later("Picked by the editors"),
    "popular": later("Most read"),
    "explore": later("Something different"),
    "missed": later("You may have missed"),
}


@blueprint.get("/n/<slug>/archive")
def index(slug: str) -> ResponseReturnValue:
    """List what came out, newest first; `before` is where the page before ended."""
    before = _read_place(request.args.get("before", ""))
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        entries, following = issues.list_page(session, newsletter, before=before, limit=SHOWN)
    front = _front(entries) if before is None else None
    links = runtime().links
    card = Card(
        title=_("The archive of %(newsletter)s", newsletter=newsletter.name),
        description=newsletter.tagline,
        url=links.archive(slug),
        image=None if front is None else _image(newsletter, front),
    )
    return public(
        room(
            "archive",
            newsletter=newsletter,
            here="archive",
            card=card,
            front=front,
            months=_by_month([entry for entry in entries if entry is not front]),
            older=None if following is None else _write_place(following),
            newest=before is None,
        )
    )


@blueprint.get("/n/<slug>/latest")
def latest(slug: str) -> ResponseReturnValue:
    """Lead to the newest edition; to the list while there is none."""
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        period = issues.find_latest(session, newsletter)
    where = url_for(".index", slug=slug) if period is None else url_for(".edition", slug=slug, period=period)
    answer = redirect(where, code=302)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/n/<slug>/e/<period>")
def edition(slug: str, period: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        issue = issues.get_issue(session, newsletter, period)
        before, after = issues.neighbours(session, newsletter, issue)
    topics = {topic.id: topic for topic in newsletter.open_topics}
    day = long_date(issue.day)
    titles = [item.story.title for item in issue.items]
    card = Card(
        title=titles[0] if titles else f"{newsletter.name}, {day}",
        description=" · ".join(titles[1:4]) or newsletter.tagline,
        url=runtime().links.edition(slug, period=period),
        image=_image(newsletter, issue),
    )
    return public(
        room(
            "edition",
            newsletter=newsletter,
            here="archive",
            card=card,
            issue=issue,
            headings=[_heading(part, topics) for part in issue.parts],
            before=before,
            after=after,
        )
    )


@blueprint.get("/n/<slug>/e/<period>/card.png")
def drawn(slug: str, period: str) -> ResponseReturnValue:
    """Draw what stands for an edition where its address is shared."""
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        issue = issues.get_issue(session, newsletter, period)
    words = _drawable(newsletter, issue)
    if words is None:
        raise NotFound(_("There is no picture of this edition."))
    image = picture.draw(**words, accent=Accent.of(newsletter.accent).light)
    return public(Response(image, content_type="image/png"))


@blueprint.get("/n/<slug>/b/<int:blast_id>")
def announcement(slug: str, blast_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        found = issues.get_announcement(session, newsletter, blast_id)
    prose = render_markdown(found.markdown)
    card = Card(
        title=found.subject,
        description=_("Announcement by %(newsletter)s", newsletter=newsletter.name),
        url=runtime().links.blast(slug, blast_id=blast_id),
    )
    return public(
        room(
            "announcement", newsletter=newsletter, here="archive", card=card, announcement=found, prose=prose
        )
    )


def _front(entries: list[Issue | Announcement]) -> Issue | None:
    """Return the newest edition, which opens the list."""
    return next((entry for entry in entries if isinstance(entry, Issue) and entry.items), None)


def _drawable(newsletter: Newsletter, issue: Issue) -> dict[str, str] | None:
    """Return what an edition's picture says; None where we have no letters for it."""
    if issue.lead is None:
        return None
    words = {"name": newsletter.name, "day": long_date(issue.day), "headline": issue.lead.story.title}
    return words if picture.can_draw(*words.values()) else None


def _image(newsletter: Newsletter, issue: Issue) -> str | None:
    """Return the picture of ours, or else the first of the edition's own."""
    if _drawable(newsletter, issue) is None:
        return issue.lead_picture
    return f"{runtime().links.edition(newsletter.slug, period=issue.period)}/card.png"


def _heading(part: Part, topics: Mapping[int, Topic]) -> str:
    """Say what stands under it, to everybody: in a digest the same words speak to one reader."""
    if part.key != "new":
        return _(HEADINGS[part.key])
    names = {topics[item.topic_id].name for item in part.items if item.topic_id in topics}
    return _("New in %(topic)s", topic=names.pop()) if len(names) == 1 else _("Also new")


def _by_month(entries: list[Issue | Announcement]) -> list[tuple[datetime, list[Issue | Announcement]]]:
    months: dict[tuple[int, int], list[Issue | Announcement]] = {}
    for entry in entries:
        months.setdefault((entry.day.year, entry.day.month), []).append(entry)
    return [(datetime(year, month, 1, tzinfo=UTC), own) for (year, month), own in months.items()]


def _write_place(place: Place) -> str:
    return f"{place.at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{place.rank}-{place.id}"


def _read_place(written: str) -> Place | None:
    """Read where a page begins; what is none begins at the newest."""
    try:
        at, rank, number = written.split("-")
        moment = datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        place = Place(moment, int(rank), int(number))
    except ValueError:
        return None
    return place if place.rank in {0, 1} and 0 < place.id <= LARGEST else None
