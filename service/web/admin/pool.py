"""The pool: what each topic has for its readers, story by story, and what a pin would change."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.digests import curations, pin_trial, tallying
from service.digests.selection.values import EVERYWHERE
from service.dispatch import TaskName
from service.errors import NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter, Rhythm
from service.operators.models import Role
from service.ops import articles, coverage, pool
from service.subscribers.choices import RHYTHMS
from service.web.admin import auth, words
from service.web.admin.bars import Bar
from service.web.admin.curation_form import DAYS
from service.web.context import now, runtime

blueprint = Blueprint("console_pool", __name__, url_prefix="/console/pool")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

SHOWN = 25


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show every topic of a newsletter with what waits in it this week; the thin ones first."""
    with runtime().sessions() as session:
        offered = newsletters.list_open(session)
        chosen = _chosen(offered)
        topics = coverage.read(session, chosen, now=now()) if chosen else []
        counted_at = tallying.counted_at(session)
    if counted_at is None or counted_at < now() - tallying.STALE:
        runtime().dispatcher.wake(TaskName.COUNT_READERS)
    return render_template(
        "admin/pool.html",
        newsletters=offered,
        chosen=chosen,
        topics=topics,
        least=coverage.THIN,
        counted_at=counted_at,
    )


@blueprint.get("/<int:topic_id>")
def topic(topic_id: int) -> ResponseReturnValue:
    """Show what waits in one topic, the best first."""
    span = request.args.get("span", "week")
    if span not in pool.SPANS:
        span = "week"
    first = max(request.args.get("first", 0, type=int), 0)
    with runtime().sessions() as session:
        found = newsletters.get_topic(session, topic_id)
        seen = pool.read(session, found, span=pool.SPANS[span][0], first=first, limit=SHOWN, now=now())
    return render_template(
        "admin/pool_topic.html",
        pool=seen,
        span=span,
        spans=pool.SPANS,
        first=first,
        shown=SHOWN,
        days=DAYS,
        longest_reason=curations.LONGEST_REASON,
        bar_of=Bar.of,
    )


@blueprint.get("/pin/<int:article_id>")
def pin(article_id: int) -> ResponseReturnValue:
    """Say what would change if this story were pinned."""
    with runtime().sessions() as session:
        view = articles.get(session, article_id, now=now())
        rhythm = _rhythm(tallying.readers_of(session, view.newsletter.id))
        topic_id = request.args.get("topic", EVERYWHERE, type=int)
        if topic_id not in {EVERYWHERE, *(one.id for one in view.newsletter.open_topics)}:
            raise NotFound("There is no such topic in this newsletter.")
        trial = pin_trial.try_pin(session, article_id, topic_id=topic_id, rhythm=rhythm, now=now())
    return render_template(
        "admin/pool_pin.html",
        view=view,
        trial=trial,
        topic_id=topic_id,
        rhythms=RHYTHMS,
        days=DAYS,
        longest_reason=curations.LONGEST_REASON,
    )


def _chosen(offered: list[Newsletter]) -> Newsletter | None:
    wanted = request.args.get("newsletter", type=int)
    return next((one for one in offered if one.id == wanted), offered[0] if offered else None)


def _rhythm(readers: dict[Rhythm, int]) -> Rhythm:
    """Return the rhythm that was asked for, or the one of most readers."""
    asked = request.args.get("rhythm", "")
    usual = max(RHYTHMS, key=lambda rhythm: readers.get(rhythm, 0)) if readers else Rhythm.WEEKLY
    return next((rhythm for rhythm in RHYTHMS if rhythm.value == asked), usual)
