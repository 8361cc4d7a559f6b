"""Atom and JSON feeds of the archive, of each topic, and of what is read most."""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.archive import issues, shelf, shown, stories, syndication
from service.archive.issues import Issue
from service.archive.stories import Story
from service.archive.syndication import ATOM_TYPE, JSON_TYPE, Entry, Feed, Point
from service.languages import speech
from service.languages.dates import long_date
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.web.context import now, runtime
from service.web.readers.cacheable import public
from service.web.readers.rooms import EDITIONS, get_archive, get_topic

blueprint = Blueprint("feeds", __name__)

EDITIONS_SHOWN, ARTICLES_SHOWN = 20, 40
#: As an address ends, and what it is answered with.
FORMATS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "atom": (ATOM_TYPE, syndication.atom),
    "json": (JSON_TYPE, syndication.json_feed),
}
_FORMAT = "<any(atom, json):form>"


@blueprint.get(f"/n/<slug>/feed.{_FORMAT}")
def editions(slug: str, form: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        found = issues.latest_issues(session, newsletter, limit=EDITIONS_SHOWN)
        entries = [_edition(newsletter, issue) for issue in found if issue.items]
        feed = _feed(
            session,
            newsletter,
            path="feed",
            title=newsletter.name,
            home=runtime().links.archive(slug),
            entries=entries,
        )
    return answer(feed, form)


@blueprint.get(f"/n/<slug>/t/<topic_slug>/feed.{_FORMAT}")
def topic(slug: str, topic_slug: str, form: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        chosen = get_topic(newsletter, topic_slug)
        newest, _older = shelf.newest(session, newsletter, chosen, before_seq=None, limit=ARTICLES_SHOWN)
        feed = _feed(
            session,
            newsletter,
            path=f"t/{chosen.slug}/feed",
            title=_("%(topic)s in %(newsletter)s", topic=chosen.name, newsletter=newsletter.name),
            home=runtime().links.topic(slug, topic=chosen.slug),
            entries=[article(newsletter, story) for story in newest],
        )
    return answer(feed, form)


@blueprint.get(f"/n/<slug>/popular/feed.{_FORMAT}")
def popular(slug: str, form: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        read = shelf.most_read(session, newsletter, limit=ARTICLES_SHOWN, now=now())
        feed = _feed(
            session,
            newsletter,
            path="popular/feed",
            title=_("Most read in %(newsletter)s", newsletter=newsletter.name),
            home=runtime().links.popular(slug),
            entries=[article(newsletter, one.story) for one in read],
        )
    return answer(feed, form)


def answer(feed: Feed, form: str) -> Response:
    """Write a feed in one of its formats; 304 to who has it already."""
    return public(written(feed, form), changed_at=feed.updated_at)


def written(feed: Feed, form: str) -> Response:
    kind, write = FORMATS[form]
    return Response(write(feed), content_type=f"{kind}; charset=utf-8")


def article(newsletter: Newsletter, story: Story) -> Entry:
    """An article as an entry: it leads to the article's own page."""
    return Entry(
        id=tag(newsletter, f"a/{story.article_id}"),
        title=story.title,
        url=story.url,
        published_at=story.published_at,
        updated_at=max(story.published_at, story.changed_at),
        summary=story.summary,
        author=story.author or story.source,
    )


def tag(newsletter: Newsletter, path: str) -> str:
    """Return a name that stays when the site moves to https or changes its pages (RFC 4151)."""
    host = urlsplit(runtime().links.base_url).hostname or "localhost"
    return f"tag:{host},{newsletter.created_at:%Y-%m-%d}:{newsletter.slug}/{path}"


def _edition(newsletter: Newsletter, issue: Issue) -> Entry:
    day = long_date(issue.day)
    titles = [item.story.title for item in issue.items]
    return Entry(
        id=tag(newsletter, f"e/{issue.period}"),
        title=titles[0],
        url=runtime().links.edition(newsletter.slug, period=issue.period),
        published_at=issue.published_at,
        updated_at=max(issue.published_at, issue.changed_at),
        summary=_("%(edition)s of %(day)s", edition=_(EDITIONS[issue.rhythm]), day=day),
        points=tuple(Point(item.story.title, item.story.url, item.story.summary) for item in issue.items),
    )


def _feed(
    session: Session, newsletter: Newsletter, *, path: str, title: str, home: str, entries: Iterable[Entry]
) -> Feed:
    here = f"{runtime().links.newsletter(newsletter.slug)}/{path}"
    gone = (stories.last_withdrawal(session, newsletter), shown.last_stop(session, newsletter))
    return Feed(
        id=tag(newsletter, path),
        title=title,
        description=newsletter.tagline,
        home_url=home,
        atom_url=f"{here}.atom",
        json_url=f"{here}.json",
        language=speech.spoken(),
        author=newsletter.sender.name,
        since=max([newsletter.created_at, *(moment for moment in gone if moment is not None)]),
        entries=tuple(entries),
    )
