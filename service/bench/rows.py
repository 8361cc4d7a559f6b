"""Fills the database: readers, recipes made as planning makes them, and the ledger, in few statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.articles.models import Article, Source
from service.bench import content
from service.bench.plan import Mode, Plan
from service.blasts.emails import blast_letter
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, MailingState, Stream
from service.digests import content as digest_content
from service.digests import emails as digest_emails
from service.digests.content import Issue
from service.emails import rendering
from service.emails.letters import DigestLetter
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes import making
from service.recipes.content import Draft
from service.recipes.models import RecipeKind

READERS_PER_RECIPE = 2
#: Bytes of one RSA-2048 signature with its names of headers.
SIGNATURE = 870
_BATCH = 200

_READERS = text(
    """
    WITH people AS (
        INSERT INTO subscribers (email, email_key, created_at)
        SELECT each, each, :now
        FROM (SELECT format('reader%s@mail%s.example', n, n % 50) AS each
              FROM generate_series(1, :count) AS n) AS addresses
        RETURNING id
    )
    INSERT INTO subscriptions (subscriber_id, newsletter_id, state, generation, topic_ids, rhythm, weekday,
        hour, time_zone, announcements, first_digest_pending, watermark, created_at, requested_at,
        confirmed_at)
    SELECT id, :newsletter_id, 'active', 1, :topic_ids, 'weekly', 5, 7, 'UTC', true, false, 0,
        :now, :now, :now
    FROM people RETURNING id, subscriber_id
    """
)


def fill(session: Session, plan: Plan, *, links: Links, now: datetime) -> int:
    """Write everything, down to a mailing that only waits to be begun; return its id."""
    newsletter = content.newsletter(now=now)
    session.add(newsletter)
    session.flush()
    mailing = _mailing(session, plan, newsletter, now=now)
    recipe_ids = (
        _digests(session, plan, newsletter, mailing, links=links, now=now)
        if plan.mode is Mode.DIGEST
        else [_blast(session, plan, newsletter, mailing, links=links, now=now)]
    )
    readers = _readers(session, newsletter, count=plan.messages, now=now)
    rows = [
        NewMessage(
            dedupe_key=f"subscription {subscription_id}",
            kind=plan.mode.value,
            due_at=now,
            subscriber_id=subscriber_id,
            subscription_id=subscription_id,
            recipe_id=recipe_ids[place // READERS_PER_RECIPE if plan.mode is Mode.DIGEST else 0],
        )
        for place, (subscription_id, subscriber_id) in enumerate(readers)
    ]
    ledger.put(session, mailing, rows, now=now)
    mailings.finish_planning(session, mailing.id, now=now)
    return mailing.id


def _mailing(session: Session, plan: Plan, newsletter: Newsletter, *, now: datetime) -> Mailing:
    return mailings.open_mailing(
        session,
        stream=Stream(plan.mode.value),
        cause="bench",
        title="Benchmark",
        list_id=newsletter.id,
        now=now,
        state=MailingState.SCHEDULED,
    )


def _readers(
    session: Session, newsletter: Newsletter, *, count: int, now: datetime
) -> Sequence[tuple[int, int]]:
    values = {
        "count": count,
        "now": now,
        "newsletter_id": newsletter.id,
        "topic_ids": sorted(topic.id for topic in newsletter.topics[:3]),
    }
    return [(row[0], row[1]) for row in session.execute(_READERS, values)]


def _digests(
    session: Session, plan: Plan, newsletter: Newsletter, mailing: Mailing, *, links: Links, now: datetime
) -> list[int]:
    """Plan digests as an edition does, from articles of a length that makes mails of the wanted size."""
    issue = Issue(newsletter.id, mailing.id, newsletter.locale, now.date())
    source = Source(
        newsletter_id=newsletter.id,
        name="Bench",
        url="https://bench.example/feed",
        created_at=now,
        next_poll_at=now,
        enabled=False,
    )

    def measure(words: int) -> int:
        trial = content.articles(source, words=words, now=now)
        by_id = dict(enumerate(trial, start=1))
        for article_id, article in by_id.items():
            article.id = article_id
        draft = _draft(newsletter, by_id, number=0, issue=issue)
        letter = digest_emails.digest_letter(newsletter, draft, articles=by_id, links=links)
        return content.raw_size(rendering.render(letter), newsletter, links=links, now=now)

    words = content.words_for(_unsigned(plan), measure, low=8, high=80)
    articles = content.articles(source, words=words, now=now)
    session.add_all(articles)
    session.flush()
    by_id = {article.id: article for article in articles}

    def letter(draft: Draft) -> DigestLetter:
        return digest_emails.digest_letter(newsletter, draft, articles=by_id, links=links)

    recipes = -(-plan.messages // READERS_PER_RECIPE)
    ids: list[int] = []
    for start in range(0, recipes, _BATCH):
        numbers = range(start, min(start + _BATCH, recipes))
        drafts = [_draft(newsletter, by_id, number=number, issue=issue) for number in numbers]
        by_hash = {draft.content_hash: draft for draft in drafts}
        ids += making.make_all(session, by_hash, letter=letter, now=now).values()
    return ids


def _unsigned(plan: Plan) -> int:
    return plan.size - (SIGNATURE if plan.dkim else 0)


def _draft(newsletter: Newsletter, articles: Mapping[int, Article], *, number: int, issue: Issue) -> Draft:
    chosen = content.selection(newsletter, list(articles.values()), number=number)
    return digest_content.draft(chosen, issue=issue, articles=articles)


def _blast(
    session: Session, plan: Plan, newsletter: Newsletter, mailing: Mailing, *, links: Links, now: datetime
) -> int:
    subject = "The harbour opens early this year"

    def measure(words: int) -> int:
        letter = blast_letter(
            newsletter, subject=subject, markdown=content.blast_markdown(words), locale="en", links=links
        )
        return content.raw_size(rendering.render(letter), newsletter, links=links, now=now)

    markdown = content.blast_markdown(content.words_for(_unsigned(plan), measure, low=180, high=3600))
    draft = Draft(
        kind=RecipeKind.BLAST,
        newsletter_id=newsletter.id,
        mailing_id=mailing.id,
        subject=subject,
        locale=newsletter.locale,
        content={"markdown": markdown},
    )
    recipe = making.make(
        session,
        draft,
        letter=lambda: blast_letter(
            newsletter, subject=subject, markdown=markdown, locale=draft.locale, links=links
        ),
        now=now,
    )
    return recipe.id
