"""Fills an empty installation with the sample publication, through the same doors that people use.

The articles are not written here: the real poller fetches them over HTTP from the demo's own news site.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, inspect, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.articles import mapping, sources
from service.articles.models import Article, ArticleTopic, CategoryMapping, Source
from service.bootstrap import Runtime
from service.clock import utc_now
from service.db import transaction
from service.demo import back_issues, opinions
from service.demo.notes import OPERATOR, Notes
from service.demo.publication import SamplePublication, load_publication
from service.dispatch import TaskName
from service.errors import StartupError
from service.newsletters import changes, queries, senders, topics
from service.newsletters.changes import NewsletterDraft
from service.newsletters.models import Newsletter
from service.newsletters.senders import SenderDraft
from service.operators import accounts
from service.operators.models import Role
from service.operators.queries import has_any

SLUG = "lantern"
ACTOR = "demo"
#: Seconds after which a poll that has brought nothing will not bring anything.
PATIENCE = 30

#: Told what is being done and how far it is, from 0 to 1.
Progress = Callable[[str, float], None]


def check_ours(runtime: Runtime) -> None:
    """Make sure that a database given by URL is empty or the demo's own: its mail would end in the inbox.

    :raises StartupError: it holds another installation.
    """
    try:
        with runtime.engine.connect() as connection:
            made = inspect(connection).has_table(Newsletter.__tablename__)
            slugs = set(connection.scalars(select(Newsletter.slug))) if made else set()
    except OperationalError:
        return  # a server that does not answer is said, in a sentence, by what needs it next
    if slugs and SLUG not in slugs:
        raise StartupError("DATABASE_URL names the database of a real installation; the demo needs its own.")


def seed(runtime: Runtime, *, feed_url: str, site_url: str, notes: Notes, progress: Progress) -> None:
    """Bring the sample publication in, or just point its feed at today's port; safe to run at every start.

    :raises StartupError: the feed brought no articles.
    """
    publication = load_publication()
    progress("publication", 0.05)
    with transaction(runtime.sessions) as session:
        newsletter = queries.find_by_slug(session, SLUG) or _found(
            session, publication, site_url=site_url, notes=notes
        )
        _point_feed(session, newsletter, feed_url)
        newsletter_id = newsletter.id
    runtime.dispatcher.wake(TaskName.POLL_SOURCES)
    _wait_for_articles(runtime, newsletter_id, len(publication.articles), progress=progress)
    with transaction(runtime.sessions) as session:
        opinions.add_readers(session, newsletter_id, now=utc_now())
    progress("readers", 0.85)
    with transaction(runtime.sessions) as session:
        opinions.add_clicks(session, newsletter_id, started_at=notes.started_at, now=utc_now())
    with transaction(runtime.sessions) as session:
        back_issues.publish(session, queries.get(session, newsletter_id), now=utc_now())
    progress("clicks", 1.0)
    for task in (TaskName.SCORE, TaskName.PLAN_DIGESTS, TaskName.COUNT_REPORTS, TaskName.COUNT_READERS):
        runtime.dispatcher.wake(task)


def _found(session: Session, publication: SamplePublication, *, site_url: str, notes: Notes) -> Newsletter:
    now = utc_now()
    if not has_any(session):
        accounts.create(
            session,
            email=OPERATOR,
            name="Ada Quill",
            role=Role.ADMIN,
            password=notes.password,
            actor=ACTOR,
            now=now,
        )
    sender = senders.create(
        session,
        SenderDraft(
            name=publication.name,
            email="news@saltmere.example",
            reply_to="editors@saltmere.example",
            postal_address=f"{publication.name}, 4 Ropewalk, {publication.town}",
        ),
        actor=ACTOR,
        now=now,
    )
    newsletter = changes.create(
        session,
        NewsletterDraft(
            name=publication.name,
            sender_id=sender.id,
            tagline=publication.tagline,
            home_url=site_url,
            time_zone="Europe/London",
        ),
        slug=SLUG,
        actor=ACTOR,
        now=now,
    )
    for topic in publication.topics:
        topics.add(session, newsletter, name=topic.name, description=topic.description, actor=ACTOR, now=now)
    _map_categories(session, newsletter, publication, now=now)
    return newsletter


def _map_categories(
    session: Session, newsletter: Newsletter, publication: SamplePublication, *, now: datetime
) -> None:
    by_name = {topic.name: topic.id for topic in newsletter.topics}
    topic_ids = {topic.slug: by_name[topic.name] for topic in publication.topics}
    wanted = publication.topic_of_category()
    mapping.learn_categories(session, newsletter.id, wanted, now=now)
    rows = session.scalars(select(CategoryMapping).where(CategoryMapping.newsletter_id == newsletter.id))
    slugs = {category.casefold(): slug for category, slug in wanted.items()}
    for row in list(rows):
        mapping.map_category(session, row.id, topic_ids[slugs[row.category.casefold()]], False, now=now)


def _point_feed(session: Session, newsletter: Newsletter, feed_url: str) -> None:
    now = utc_now()
    source = session.scalars(select(Source).where(Source.newsletter_id == newsletter.id)).first()
    if source is None:
        sources.add(session, newsletter, url=feed_url, name=newsletter.name, now=now, poll_minutes=5)
    elif source.url != feed_url:
        sources.edit(
            session,
            source.id,
            url=feed_url,
            name=source.name,
            default_topic_id=source.default_topic_id,
            poll_minutes=source.poll_minutes,
            enabled=True,
            now=now,
        )


def _wait_for_articles(runtime: Runtime, newsletter_id: int, wanted: int, *, progress: Progress) -> None:
    end = utc_now() + timedelta(seconds=PATIENCE)
    while True:
        with runtime.sessions() as session:
            fetched = session.scalar(
                select(func.count()).select_from(Article).where(Article.newsletter_id == newsletter_id)
            )
            resting = session.scalar(
                select(func.count()).select_from(ArticleTopic).where(ArticleTopic.eligible_seq.is_(None))
            )
            problem = session.scalar(select(Source.last_error).where(Source.newsletter_id == newsletter_id))
        progress("articles", 0.1 + 0.6 * min(1.0, (fetched or 0) / wanted))
        if (fetched or 0) >= wanted and not resting:
            return
        if utc_now() > end:
            raise StartupError(f"The demo's feed did not come in: {problem or 'no worker has polled it'}.")
        time.sleep(0.15)
