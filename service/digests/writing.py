"""Writes outcomes down: recipes, a ledger row per reader, and the watermark, all in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article
from service.delivery import ledger
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Message, MessageState
from service.digests import content, emails
from service.digests.content import Issue
from service.digests.models import Edition
from service.digests.selection.values import Selection, Skip
from service.emails.letters import DigestLetter
from service.languages import speech
from service.links import Links
from service.newsletters.models import Rhythm
from service.recipes import making
from service.recipes.content import Draft
from service.subscribers.models import Subscription

KIND = "digest"

#: A digest that could not leave for this long is stale: it expires, and its window is given back.
SHELF_LIFE = {
    Rhythm.DAILY: timedelta(hours=20),
    Rhythm.WEEKDAYS: timedelta(hours=20),
    Rhythm.ENOUGH: timedelta(hours=20),
    Rhythm.WEEKLY: timedelta(days=3),
    Rhythm.FORTNIGHTLY: timedelta(days=5),
    Rhythm.MONTHLY: timedelta(days=7),
    Rhythm.FIRST: timedelta(days=2),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What one reader gets from an edition, or why nothing; the window is taken only with a digest."""

    subscription: Subscription
    edition: Edition
    #: The reader's own day.
    day: date
    outcome: Selection | Skip
    from_seq: int
    to_seq: int


def without_row(session: Session, edition: Edition, readers: Sequence[Subscription]) -> list[Subscription]:
    """Return the readers whom this edition has not reached yet: one digest per edition and subscription."""
    served = set(
        session.scalars(
            select(Message.subscription_id).where(
                Message.mailing_id == edition.mailing_id,
                Message.subscription_id.in_([reader.id for reader in readers]),
            )
        )
    )
    return [reader for reader in readers if reader.id not in served]


def write(session: Session, choices: Sequence[Choice], *, links: Links, now: datetime) -> tuple[int, int]:
    """Return how many digests were planned, and how many readers have a row that says why not.

    The subscriptions are locked by the caller, and have no row in the edition yet.
    """
    recipes = _recipes(session, choices, links=links, now=now)
    by_mailing: dict[int, list[NewMessage]] = {}
    for choice in choices:
        row = _row(choice, recipes, now=now)
        by_mailing.setdefault(choice.edition.mailing_id, []).append(row)
        if isinstance(choice.outcome, Selection):
            choice.subscription.watermark = choice.to_seq
            choice.subscription.last_digest_on = choice.day
    for mailing_id in sorted(by_mailing):
        ledger.put(session, session.get_one(Mailing, mailing_id), by_mailing[mailing_id], now=now)
    planned = sum(isinstance(choice.outcome, Selection) for choice in choices)
    return planned, len(choices) - planned


def _recipes(
    session: Session, choices: Sequence[Choice], *, links: Links, now: datetime
) -> dict[tuple[Issue, Selection], int]:
    wanted = {
        (_issue(choice), choice.outcome): choice.edition.newsletter
        for choice in choices
        if isinstance(choice.outcome, Selection)
    }
    articles = _articles(session, {key for _, one in wanted for key in one.article_ids})
    newsletters = {newsletter.id: newsletter for newsletter in wanted.values()}
    drafts: dict[tuple[Issue, Selection], Draft] = {}
    for issue, one in wanted:
        with speech.speaking(issue.locale):
            drafts[issue, one] = content.draft(one, issue=issue, articles=articles)

    def letter(draft: Draft) -> DigestLetter:
        newsletter = newsletters[draft.newsletter_id]
        return emails.digest_letter(newsletter, draft, articles=articles, links=links)

    by_hash = {draft.content_hash: draft for draft in drafts.values()}
    made = making.make_all(session, by_hash, letter=letter, now=now)
    return {key: made[draft.content_hash] for key, draft in drafts.items()}


def _issue(choice: Choice) -> Issue:
    newsletter = choice.edition.newsletter
    return Issue(
        newsletter_id=newsletter.id,
        mailing_id=choice.edition.mailing_id,
        locale=choice.subscription.locale,
        day=choice.day,
        first=choice.edition.rhythm is Rhythm.FIRST,
    )


def _articles(session: Session, article_ids: Collection[int]) -> dict[int, Article]:
    rows = session.scalars(
        select(Article).where(Article.id.in_(article_ids)).options(joinedload(Article.source))
    )
    return {article.id: article for article in rows}


def _row(choice: Choice, recipes: Mapping[tuple[Issue, Selection], int], *, now: datetime) -> NewMessage:
    reader = choice.subscription
    row = NewMessage(
        dedupe_key=f"subscription {reader.id}",
        kind=KIND,
        due_at=now,
        subscriber_id=reader.subscriber_id,
        subscription_id=reader.id,
    )
    if isinstance(choice.outcome, Skip):
        return replace(row, state=MessageState.SKIPPED, reason=choice.outcome.reason)
    return replace(
        row,
        recipe_id=recipes[_issue(choice), choice.outcome],
        details={"expires_at": (now + SHELF_LIFE[choice.edition.rhythm]).isoformat()},
        from_seq=choice.from_seq,
        to_seq=choice.to_seq,
    )
