"""Mailings with what they were made for: editions, runs, blasts, and recipes that pages can show."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from service.articles.models import Article
from service.bench import content
from service.bench.console import reading
from service.bench.console.copying import copy, go_on_after
from service.bench.console.people import House
from service.bench.console.size import Course, Planned, Size
from service.blasts.emails import blast_letter
from service.delivery.models import Stream
from service.digests import content as digest_content
from service.digests import emails as digest_emails
from service.digests.content import Issue
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import Recipe, RecipeKind

#: The latest weekly editions have a recipe for every so many messages, the others one for all.
READERS_PER_RECIPE = 4
#: Of these numbers on are the recipes that are written here; those before are made as planning makes them.
_FIRST_RECIPE = 1000
SUBJECT = "The harbour opens early this year"


@dataclass(frozen=True, slots=True)
class Written:
    """A mailing of the ledger, and its recipes: numbers without gaps."""

    id: int
    planned: Planned
    created_at: datetime
    first_recipe: int | None
    recipes: int

    def recipe_of(self, place: int) -> int | None:
        return None if self.first_recipe is None else self.first_recipe + place % self.recipes


def write(
    session: Session,
    size: Size,
    houses: Sequence[House],
    mailings: Sequence[Planned],
    *,
    links: Links,
    now: datetime,
) -> list[Written]:
    """Write everything about mailings but their messages."""
    copy(
        session,
        "mailings",
        _MAILING,
        [_mailing(n, each, houses, now=now) for n, each in enumerate(mailings, 1)],
    )
    go_on_after(session, "mailings")
    letters = {
        place: _letters(session, size, houses, house, links=links, now=now)
        for place, house in enumerate(houses)
    }
    found, following = [], _FIRST_RECIPE
    for number, each in enumerate(mailings, 1):
        recipes = 0 if each.newsletter is None else _recipes(each, size)
        first = following if recipes else None
        found.append(Written(number, each, now - each.age, first, recipes))
        following += recipes
    copy(session, "recipes", _RECIPE, (row for each in found for row in _recipe_rows(each, letters)))
    go_on_after(session, "recipes")
    _editions(session, houses, found, now=now)
    return found


def title(planned: Planned, *, now: datetime) -> str:
    day = (now - planned.age).date()
    if planned.newsletter is None:
        return f"Confirmations and other single mails, {day:%Y-%m}"
    return f"{SUBJECT}, {day}" if planned.stream is Stream.BLAST else f"Edition of {day}"


_MAILING = (
    "id, stream, cause, title, list_id, state, planned, created_at, finished_at, paused_at, paused_by, "
    "paused_reason"
)
_STATES = {
    Course.PAST: "finished",
    Course.GOING: "sending",
    Course.PAUSED: "paused",
    Course.STOPPED: "stopped",
    Course.SCHEDULED: "paused",
}


def _mailing(number: int, planned: Planned, houses: Sequence[House], *, now: datetime) -> Sequence[Any]:
    at, paused = now - planned.age, planned.course is Course.PAUSED
    held = planned.course is Course.SCHEDULED
    return (
        number,
        planned.stream.value,
        f"bench {number}",
        title(planned, now=now),
        None if planned.newsletter is None else houses[planned.newsletter].newsletter.id,
        _STATES[planned.course],
        True,
        at,
        at + timedelta(hours=1) if planned.course in {Course.PAST, Course.STOPPED} else None,
        at if paused or held else None,
        "operator 1" if paused else "review" if held else None,
        "The editors look at it once more." if paused or held else None,
    )


def _recipes(planned: Planned, size: Size) -> int:
    newest = planned.is_weekly and planned.age < timedelta(days=8)
    return max(1, planned.count // READERS_PER_RECIPE) if newest else 1


def _letters(
    session: Session, size: Size, houses: Sequence[House], house: House, *, links: Links, now: datetime
) -> dict[Stream, Recipe]:
    """Make one digest and one blast of a newsletter, down to their fragments, as planning does."""
    newsletter = house.newsletter
    ids = reading.article_ids(size, houses, house)
    articles = [session.get_one(Article, each) for each in ids[-content.ITEMS * 2 :]]
    by_id = {each.id: each for each in articles}
    issue = Issue(newsletter.id, 0, newsletter.locale, now.date())
    chosen = content.selection(newsletter, articles, number=newsletter.id)
    digest = digest_content.draft(chosen, issue=issue, articles=by_id)
    return {
        Stream.DIGEST: making.make(
            session,
            digest,
            letter=lambda: digest_emails.digest_letter(newsletter, digest, articles=by_id, links=links),
            now=now,
        ),
        Stream.BLAST: _blast(session, newsletter, links=links, now=now),
    }


def _blast(session: Session, newsletter: Newsletter, *, links: Links, now: datetime) -> Recipe:
    markdown = content.blast_markdown(200)
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=newsletter.id,
        mailing_id=0,
        subject=SUBJECT,
        locale=newsletter.locale,
        content={"markdown": markdown},
    )

    def letter() -> Any:
        return blast_letter(newsletter, subject=SUBJECT, markdown=markdown, locale=draft.locale, links=links)

    return making.make(session, draft, letter=letter, now=now)


_RECIPE = (
    "id, kind, newsletter_id, mailing_id, content_hash, article_ids, content, locale, subject, html_hash, "
    "text_hash, piece_ids, created_at"
)


def _recipe_rows(written: Written, letters: dict[int, dict[Stream, Recipe]]) -> Any:
    if written.first_recipe is None or written.planned.newsletter is None:
        return
    like = letters[written.planned.newsletter][written.planned.stream]
    for number in range(written.first_recipe, written.first_recipe + written.recipes):
        yield (
            number,
            like.kind.value,
            like.newsletter_id,
            written.id,
            sha256(number.to_bytes(8)).digest(),
            like.article_ids,
            _json(like.content),
            like.locale,
            like.subject,
            like.html_hash,
            like.text_hash,
            like.piece_ids,
            written.created_at,
        )


def _editions(
    session: Session, houses: Sequence[House], written: Sequence[Written], *, now: datetime
) -> None:
    digests = [each for each in written if each.planned.stream is Stream.DIGEST]
    columns = "id, newsletter_id, rhythm, period, mailing_id, created_at, review_until"
    copy(session, "editions", columns, [_edition(each, houses, now=now) for each in digests])
    runs = [
        (each.id, each.created_at - timedelta(hours=n), 100, each.created_at, each.created_at)
        for each in digests
        for n in range(24 if each.planned.is_weekly else 3)
    ]
    copy(session, "runs", "edition_id, slot_at, cutoff_seq, started_at, finished_at", runs)
    go_on_after(session, "editions")


def _edition(each: Written, houses: Sequence[House], *, now: datetime) -> Sequence[Any]:
    day = each.created_at.date()
    rhythm = "weekly" if each.planned.is_weekly else "daily"
    period = f"{day:%G-W%V}" if each.planned.is_weekly else f"{day}"
    held = each.planned.course is Course.SCHEDULED
    if held:
        rhythm, period = "monthly", f"{day:%Y-%m}"
    review = now + timedelta(hours=6) if held else None
    newsletter = houses[each.planned.newsletter or 0].newsletter
    return (each.id, newsletter.id, rhythm, period, each.id, each.created_at, review)


def _json(value: Any) -> str:
    return json.dumps(value)
