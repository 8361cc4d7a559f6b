"""Fetches the sources that are due. Each stands alone: a slow or broken one never holds up another.

A source is leased, fetched and parsed with no transaction open, then recorded. Only this thread touches
the database; fetching and parsing wait in threads of their own.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from service.articles import ingest, polls
from service.articles.apart import parse_apart
from service.articles.backoff import next_poll
from service.articles.entries import Feed
from service.articles.fetching import Fetched, Fetcher
from service.articles.models import Source
from service.db import Sessions, transaction
from service.errors import FetchError

log = logging.getLogger(__name__)

#: Longer than a fetch, a parse and their storing can take together.
LEASE = timedelta(minutes=3)
_AT_ONCE = 8
#: No source is begun after so many seconds: tasks have an end, and the next tick goes on.
_BEGIN_WITHIN = 45
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Polled:
    """What a pass did."""

    sources: int = 0
    failed: int = 0
    new: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """What a thread needs to know of a leased source."""

    source_id: int
    url: str
    etag: str | None
    last_modified: str | None
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class _Answer:
    fetched: Fetched
    #: None when the server says that nothing changed.
    feed: Feed | None


def poll_due(sessions: Sessions, fetcher: Fetcher, *, now: datetime, at_most: int = 200) -> Polled:
    """Poll what is due, and say what came of it. Any number of workers may do this at once."""
    done = Polled()
    started = 0
    began = time.monotonic()
    waiting: dict[Future[_Answer], _Job] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="feed") as pool:
        while True:
            elapsed = time.monotonic() - began
            free = min(_AT_ONCE - len(waiting), at_most - started) if elapsed < _BEGIN_WITHIN else 0
            # Counted from now on: a long pass must not hand out leases that are half gone.
            until = now + timedelta(seconds=elapsed) + LEASE
            for job in _lease(sessions, limit=free, until=until, now=now) if free else ():
                waiting[pool.submit(_ask, fetcher, job)] = job
                started += 1
            if not waiting:
                return done
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                done = _record(sessions, waiting.pop(future), future, done, now=now)


def _lease(sessions: Sessions, *, limit: int, until: datetime, now: datetime) -> list[_Job]:
    due = (
        select(Source.id)
        .where(
            Source.enabled,
            Source.next_poll_at <= now,
            or_(Source.lease_until.is_(None), Source.lease_until <= now),
        )
        .order_by(Source.next_poll_at, Source.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with transaction(sessions) as session:
        rows = session.execute(
            update(Source)
            .where(Source.id.in_(due.scalar_subquery()))
            .values(lease_until=until)
            .returning(Source.id, Source.url, Source.etag, Source.last_modified)
            .execution_options(synchronize_session=False)
        ).all()
    return [_Job(row.id, row.url, row.etag, row.last_modified, until) for row in rows]


def _ask(fetcher: Fetcher, job: _Job) -> _Answer:
    fetched = fetcher.fetch(job.url, etag=job.etag, last_modified=job.last_modified)
    if fetched.status == _NOT_MODIFIED:
        return _Answer(fetched, None)
    return _Answer(
        fetched, parse_apart(fetched.body, base_url=fetched.final_url, content_type=fetched.content_type)
    )


def _record(sessions: Sessions, job: _Job, future: Future[_Answer], done: Polled, *, now: datetime) -> Polled:
    try:
        stored = _succeed(sessions, job, future.result(), now=now)
    except FetchError as error:
        _fail(sessions, job, error, now=now)
    except Exception:
        # One source must not take the others down with it; the log has the trace, the page the sentence.
        log.exception("Source %s could not be read", job.source_id, extra={"source_id": job.source_id})
        _fail(
            sessions,
            job,
            FetchError("Reading this feed failed in an unexpected way; the log says how."),
            now=now,
        )
    else:
        return Polled(done.sources + 1, done.failed, done.new + stored.new, done.changed + stored.changed)
    return Polled(done.sources + 1, done.failed + 1, done.new, done.changed)


def _succeed(sessions: Sessions, job: _Job, answer: _Answer, *, now: datetime) -> ingest.Stored:
    with transaction(sessions) as session:
        source = _ours(session, job)
        if source is None:
            return ingest.Stored(0, 0)
        stored = ingest.Stored(0, 0)
        if answer.feed is not None:
            stored = ingest.store(session, source, answer.feed, now=now)
            source.etag, source.last_modified = answer.fetched.etag, answer.fetched.last_modified
        source.lease_until = source.last_error = None
        source.failures = 0
        source.last_polled_at = source.last_success_at = now
        source.next_poll_at = next_poll(source.poll_minutes, failures=0, retry_after=None, now=now)
        polls.note(session, source, new=stored.new, changed=stored.changed, now=now)
        return stored


def _fail(sessions: Sessions, job: _Job, error: FetchError, *, now: datetime) -> None:
    log.warning("Source %s: %s", job.source_id, error, extra={"source_id": job.source_id})
    with transaction(sessions) as session:
        source = _ours(session, job)
        if source is None:
            return
        source.lease_until = None
        source.failures += 1
        source.last_error = str(error)
        source.last_polled_at = now
        if error.gone:
            source.enabled = False
            source.last_error += " It is no longer polled."
        source.next_poll_at = next_poll(
            source.poll_minutes, failures=source.failures, retry_after=error.retry_after, now=now
        )
        polls.note(session, source, error=source.last_error, now=now)


def _ours(session: Session, job: _Job) -> Source | None:
    """Return the source, locked, if our lease still stands and nobody gave it another address meanwhile."""
    return session.scalars(
        select(Source)
        .where(Source.id == job.source_id, Source.lease_until == job.lease_until, Source.url == job.url)
        .with_for_update()
    ).one_or_none()
