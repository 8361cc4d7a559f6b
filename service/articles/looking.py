"""Looks at the pictures of articles before a mail shows them: are they there, what are they, how large.

A picture that was not looked at yet, or that is none, is left out: the story is set without one. What nobody
can tell, because its server does not let us look, is shown as its feed describes it. An article is leased,
its picture's first bytes are fetched with no transaction open, then what they say is recorded.
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from service.articles import picture_headers
from service.articles.fetching import Beginning, Fetcher
from service.articles.models import Article
from service.articles.pictures import HEAVIEST, SMALLEST, WIDEST
from service.db import Sessions, transaction
from service.errors import FetchError

log = logging.getLogger(__name__)

#: Longer than a slice can take.
LEASE = timedelta(minutes=5)
#: A server that does not answer is asked again after these; then its picture counts as broken.
PATIENCE = (timedelta(minutes=1), timedelta(minutes=10))
#: Seconds for one picture, and bytes: where a camera wrote much before the picture begins.
DEADLINE = 8.0
MOST_BYTES = 192 * 1024
_SLICE = 24
_AT_ONCE = 6
#: No slice is begun after so many seconds: tasks have an end, and the next tick goes on.
_BEGIN_WITHIN = 40


@dataclass(frozen=True, slots=True)
class _Job:
    article_id: int
    url: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found; with `again` nothing is known yet."""

    problem: str = ""
    width: int | None = None
    height: int | None = None
    again: bool = False


def is_due(now: datetime) -> ColumnElement[bool]:
    """Ask of an article whether somebody should look at its picture."""
    return and_(Article.picture_due_at.is_not(None), Article.picture_due_at <= now)


def ask_anew(article: Article, *, now: datetime) -> None:
    """Have the picture of an article looked at that was changed."""
    article.picture_due_at = None if article.image_url is None else now
    article.picture_tries, article.picture_problem, article.picture_seen_at = 0, "", None


def look_at_due(sessions: Sessions, fetcher: Fetcher, *, now: datetime) -> int:
    """Look at the pictures that wait; return at how many. Any number of workers may do this at once."""
    began = time.monotonic()
    looked = 0
    while time.monotonic() - began < _BEGIN_WITHIN:
        moment = now + timedelta(seconds=time.monotonic() - began)
        jobs = _lease(sessions, now=moment)
        if not jobs:
            break
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="picture") as pool:
            seen = list(pool.map(lambda job: _look(fetcher, job), jobs))
        with transaction(sessions) as session:
            for job, found in zip(jobs, seen, strict=True):
                _record(session, job, found, now=moment)
        looked += len(jobs)
    return looked


def _lease(sessions: Sessions, *, now: datetime) -> Sequence[_Job]:
    due = (
        select(Article.id)
        .where(is_due(now))
        .order_by(Article.picture_due_at, Article.id)
        .limit(_SLICE)
        .with_for_update(skip_locked=True)
    )
    with transaction(sessions) as session:
        rows = session.execute(
            update(Article)
            .where(Article.id.in_(due.scalar_subquery()))
            .values(picture_due_at=now + LEASE)
            .returning(Article.id, Article.image_url)
            .execution_options(synchronize_session=False)
        ).all()
    return [_Job(row.id, row.image_url) for row in rows]


def _look(fetcher: Fetcher, job: _Job) -> _Seen:
    try:
        return _judge(fetcher.beginning(job.url, most=MOST_BYTES))
    except FetchError as error:
        if error.refused:
            return _Seen(str(error))
        return _Seen(str(error), again=True)
    except Exception:
        # One picture must not take the others down with it; the log has the trace, the page the sentence.
        log.exception("A picture could not be read", extra={"article_id": job.article_id})
        return _Seen("Reading this picture failed in an unexpected way; the log says how.")


def _judge(got: Beginning) -> _Seen:
    """Say what a server's answer means for the mails."""
    if got.status in {404, 410}:
        return _Seen(f"There is nothing at the address of its picture (the server answered {got.status}).")
    if got.status >= 500:
        return _Seen(f"The server of its picture answered {got.status}.", again=True)
    if got.status != 200:
        return _Seen()
    header = picture_headers.read(got.body)
    if header is None:
        kind = got.content_type.partition(";")[0].strip()[:60] or "unnamed"
        return _Seen(f"What is at the address of its picture is nothing that mail programs show ({kind}).")
    width, height = header.width, header.height
    if (got.length or 0) > HEAVIEST:
        heavy = (got.length or 0) / 1e6
        sentence = f"Its picture weighs {heavy:.1f} MB; a mail should load no more than {HEAVIEST // 10**6}."
        return _Seen(sentence, width, height)
    if max(width, height) > WIDEST:
        return _Seen(f"Its picture has more than {WIDEST} pixels on a side: too much for a mail.")
    if min(width, height) < SMALLEST:
        return _Seen(f"Its picture is {width} by {height} pixels: an icon, or a counter.", width, height)
    return _Seen("", width, height)


def _record(session: Session, job: _Job, found: _Seen, *, now: datetime) -> None:
    """Keep what was found, unless the article has another picture by now."""
    article = session.scalars(
        select(Article).where(Article.id == job.article_id, Article.image_url == job.url).with_for_update()
    ).one_or_none()
    if article is None:
        return
    article.picture_tries += 1
    if found.again and article.picture_tries <= len(PATIENCE):
        article.picture_due_at = now + PATIENCE[article.picture_tries - 1]
        return
    article.picture_due_at, article.picture_seen_at = None, now
    article.picture_problem = found.problem
    if found.width is not None and found.height is not None:
        article.image_width, article.image_height = found.width, found.height
