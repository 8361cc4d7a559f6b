"""Takes withdrawn articles out of mails that wait: they are made anew without them, or not sent.

A mail that would fall under its newsletter's floor is cancelled, and its window is given back: what else was
in it comes with the reader's next digest. Rows say what is to be done, so a killed pass is gone on with;
what a sender has marked `sending` before the withdrawal is committed still leaves (one window).
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, or_, select, text
from sqlalchemy.orm import Session, joinedload

from service import audit
from service.articles.models import Article
from service.db import Sessions, transaction
from service.delivery.models import Message, MessageState
from service.digests import content, emails
from service.digests.content import Issue
from service.digests.selection.values import Pick, Section, Selection
from service.emails.letters import DigestLetter
from service.languages import speech
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes import making, reading
from service.recipes.content import Draft
from service.recipes.models import Recipe

REASON = "withdrawn"
#: Messages in one transaction.
SLICE = 500
#: A pass begins no slice after so many seconds: tasks have an end, and the tick wakes the next pass.
PASS_SECONDS = 60.0
#: Sections that count towards the floor.
_COUNTED = ("editors", "popular", "new")

_HOLD = text(
    """
    WITH picked AS (
        SELECT m.mailing_id, m.id FROM messages AS m
        WHERE m.mailing_id = :mailing_id AND m.state IN ('planned', 'deferred')
          AND m.recipe_id = ANY(:recipe_ids)
        ORDER BY m.mailing_id, m.id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE messages AS m SET state = 'held', reason = 'withdrawn', state_at = :now
    FROM picked WHERE m.mailing_id = picked.mailing_id AND m.id = picked.id
    RETURNING 1
    """
)
_MAILINGS = text(
    """
    SELECT recipes.mailing_id, array_agg(recipes.id) FROM recipes
    JOIN mailings ON mailings.id = recipes.mailing_id AND mailings.state NOT IN ('finished', 'stopped')
    WHERE recipes.kind = 'digest' AND recipes.article_ids && ARRAY[CAST(:article_id AS bigint)]
    GROUP BY recipes.mailing_id ORDER BY recipes.mailing_id
    """
)


@dataclass(frozen=True, slots=True)
class PullReport:
    """How many waiting mails were made anew, and how many will not be sent."""

    remade: int = 0
    cancelled: int = 0

    def __add__(self, other: "PullReport") -> "PullReport":
        return PullReport(self.remade + other.remade, self.cancelled + other.cancelled)


def is_due() -> ColumnElement[bool]:
    """Ask whether mails wait for being made anew, or may."""
    held = exists().where(Message.state == MessageState.HELD, Message.reason == REASON)
    return or_(held, exists().where(Article.withdrawn_at.is_not(None), Article.pulled_at.is_(None)))


def pull(sessions: Sessions, *, links: Links, now: datetime, seconds: float = PASS_SECONDS) -> PullReport:
    """Hold the mails with withdrawn articles and make them anew, slice by slice, until none is left."""
    ends = time.monotonic() + seconds
    more = True
    while more and time.monotonic() < ends:
        with transaction(sessions) as session:
            more = hold_next(session, now=now)
    report = PullReport()
    while time.monotonic() < ends:
        with transaction(sessions) as session:
            done = remake_slice(session, links=links, now=now)
        if done == PullReport():
            break
        report += done
    return report


def hold_next(session: Session, *, now: datetime) -> bool:
    """Hold the mails of one withdrawn article; say whether there was one. Senders see to what is missed."""
    article = session.scalars(
        select(Article)
        .where(Article.withdrawn_at.is_not(None), Article.pulled_at.is_(None))
        .order_by(Article.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if article is None:
        return False
    held = 0
    for mailing_id, recipe_ids in session.execute(_MAILINGS, {"article_id": article.id}).all():
        values = {"mailing_id": mailing_id, "recipe_ids": recipe_ids, "limit": SLICE * 20 - held, "now": now}
        held += len(session.execute(_HOLD, values).all())
    if held < SLICE * 20:
        article.pulled_at = now
    audit.record(
        session,
        actor="system",
        action="article.pulled",
        subject=f"article {article.id}",
        now=now,
        after={"held": held},
    )
    session.flush()
    return True


def remake_slice(session: Session, *, links: Links, now: datetime) -> PullReport:
    """Give held mails a recipe without what was withdrawn, or cancel them; all zero when none was left."""
    messages = session.scalars(
        select(Message)
        .where(Message.state == MessageState.HELD, Message.reason == REASON, Message.kind == "digest")
        .order_by(Message.mailing_id, Message.id)
        .limit(SLICE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    if not messages:
        return PullReport()
    remade = _remade(session, {message.recipe_id or 0 for message in messages}, links=links, now=now)
    cancelled = 0
    for message in messages:
        recipe_id = remade.get(message.recipe_id or 0)
        if recipe_id is None:
            message.state = MessageState.CANCELLED
            cancelled += 1
        else:
            message.state, message.reason, message.recipe_id = MessageState.PLANNED, "", recipe_id
        message.state_at = now
    session.flush()
    return PullReport(len(messages) - cancelled, cancelled)


def _remade(session: Session, recipe_ids: Collection[int], *, links: Links, now: datetime) -> dict[int, int]:
    """Return the new recipe of each old one; those that fall under their floor are missing."""
    recipes = session.scalars(select(Recipe).where(Recipe.id.in_(recipe_ids)).order_by(Recipe.id)).all()
    articles = _articles(session, {article_id for recipe in recipes for article_id in recipe.article_ids})
    newsletters = {
        row.id: row
        for row in session.scalars(
            select(Newsletter).where(Newsletter.id.in_({recipe.newsletter_id for recipe in recipes}))
        )
    }
    drafts: dict[int, Draft] = {}
    for recipe in recipes:
        chosen = _selection(session, recipe)
        left = _without(chosen, articles)
        floor = min(newsletters[recipe.newsletter_id].min_items, _counted(chosen.sections))
        if left.sections and _counted(left.sections) >= floor:
            with speech.speaking(recipe.locale):
                drafts[recipe.id] = content.draft(left, issue=_issue(recipe), articles=articles)

    def letter(draft: Draft) -> DigestLetter:
        return emails.digest_letter(newsletters[draft.newsletter_id], draft, articles=articles, links=links)

    by_hash = {draft.content_hash: draft for draft in drafts.values()}
    made = making.make_all(session, by_hash, letter=letter, now=now)
    return {recipe_id: made[draft.content_hash] for recipe_id, draft in drafts.items()}


def _without(chosen: Selection, articles: dict[int, Article]) -> Selection:
    """Leave out what was withdrawn, and count the slots through again."""
    sections, slot = list[Section](), 0
    for section in chosen.sections:
        picks = []
        for pick in section.picks:
            article = articles.get(pick.article_id)
            if article is not None and article.withdrawn_at is None:
                slot += 1
                picks.append(replace(pick, slot=slot))
        if picks:
            sections.append(replace(section, picks=tuple(picks)))
    return Selection(tuple(sections))


def _selection(session: Session, recipe: Recipe) -> Selection:
    return Selection(
        tuple(
            Section(section["key"], section["heading"], tuple(Pick(**item) for item in section["items"]))
            for section in reading.sections(session, recipe)
        )
    )


def _issue(recipe: Recipe) -> Issue:
    return Issue(
        newsletter_id=recipe.newsletter_id,
        mailing_id=recipe.mailing_id,
        locale=recipe.locale,
        day=date.fromisoformat(recipe.content["issue_date"]),
        first=recipe.content.get("first", False),
    )


def _counted(sections: Sequence[Section]) -> int:
    return sum(len(section.picks) for section in sections if section.key in _COUNTED)


def _articles(session: Session, article_ids: Collection[int]) -> dict[int, Article]:
    rows = session.scalars(
        select(Article)
        .where(Article.id.in_(article_ids))
        .options(joinedload(Article.source))
        .execution_options(populate_existing=True)
    )
    return {article.id: article for article in rows}
