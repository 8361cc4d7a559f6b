"""Articles: what was published, where each stands, and what editors want of it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.articles import sources, withdrawal
from service.articles.models import CategoryMapping, Source
from service.db import transaction
from service.digests import curations
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import articles
from service.web.admin import article_page, auth, page
from service.web.admin.bars import Bar
from service.web.admin.curation_form import CurationForm
from service.web.context import now, runtime
from service.web.row_ids import LARGEST

blueprint = Blueprint("console_articles", __name__, url_prefix="/console/articles")
auth.protect(blueprint, change=Role.EDITOR)

SHOWN = 30


@blueprint.get("/")
def index() -> ResponseReturnValue:
    newsletter_id = request.args.get("newsletter", type=int)
    source_id = request.args.get("source", type=int)
    words = request.args.get("words", "")[:200].replace("\0", "")
    is_best = request.args.get("order") == "best"
    with runtime().sessions() as session:
        offered = newsletters.list_open(session)
        source, category = _source(session, source_id), _category(session)
        topic_id = request.args.get("topic", type=int)
        if topic_id not in {topic.id for each in offered for topic in each.open_topics}:
            topic_id = None
        if is_best:
            found = articles.list_best(
                session,
                newsletter_id=newsletter_id,
                topic_id=topic_id,
                source_id=source.id if source else None,
                category_id=category.id if category else None,
                words=words,
                limit=SHOWN,
                now=now(),
            )
        else:
            found = articles.list_page(
                session,
                newsletter_id=newsletter_id,
                topic_id=topic_id,
                source_id=source.id if source else None,
                category_id=category.id if category else None,
                words=words,
                before=request.args.get("before", type=int),
                limit=SHOWN,
            )
    return render_template(
        "admin/articles.html",
        found=found,
        newsletters=offered,
        newsletter_id=newsletter_id,
        topic_id=topic_id,
        source=source,
        category=category,
        is_best=is_best,
        words=words,
        bar_of=Bar.of,
    )


@blueprint.get("/curations")
def list_curations() -> ResponseReturnValue:
    """List what editors want at present, newsletter by newsletter."""
    with runtime().sessions() as session:
        groups = [
            (newsletter, curations.in_force(session, newsletter.id, now=now()))
            for newsletter in newsletters.list_open(session)
        ]
        names = articles.names_of(session, [row for _, rows in groups for row in rows])
    return render_template("admin/curations.html", groups=groups, names=names)


@blueprint.get("/<int:article_id>")
def show(article_id: int) -> ResponseReturnValue:
    return article_page.render(article_id)


@blueprint.post("/<int:article_id>/curate")
def curate(article_id: int) -> ResponseReturnValue:
    """Pin, raise, lower or exclude the story."""
    form = CurationForm()
    with runtime().sessions() as session:
        form.offer(articles.get(session, article_id, now=now()).newsletter.open_topics)
    if not form.validate():
        return article_page.render(article_id, form=form), 422
    try:
        with transaction(runtime().sessions) as session:
            curations.curate(
                session,
                article_id,
                form.kind,
                topic_id=form.topic_id,
                boost=form.boost,
                reason=form.reason.data or "",
                expires_at=form.expires_at(now()),
                actor=_actor(),
                now=now(),
            )
    except InvalidInput as error:
        form.complain(error, default="reason")
        return article_page.render(article_id, form=form), 422
    page.say("Saved. It holds for every digest that is planned from now on.")
    return redirect(_back() or url_for(".show", article_id=article_id))


@blueprint.post("/curations/<int:curation_id>/end")
def end(curation_id: int) -> ResponseReturnValue:
    """End a curation before its time."""
    try:
        with transaction(runtime().sessions) as session:
            row = curations.end(session, curation_id, actor=_actor(), now=now())
    except Conflict as error:
        page.warn(str(error))
        return redirect(url_for(".list_curations"))
    page.say("Ended.")
    if request.form.get("from") == "list":
        return redirect(url_for(".list_curations"))
    return redirect(_back() or url_for(".show", article_id=row.article_id))


@blueprint.post("/<int:article_id>/withdraw")
def withdraw(article_id: int) -> ResponseReturnValue:
    """Take the article back, out of mails that wait as well."""
    with transaction(runtime().sessions) as session:
        withdrawal.withdraw(session, article_id, actor=_actor(), now=now())
    runtime().dispatcher.wake(TaskName.PULL_WITHDRAWN)
    page.say("Withdrawn. Mails that have not left are made anew without it.")
    return redirect(url_for(".show", article_id=article_id))


@blueprint.post("/<int:article_id>/restore")
def restore(article_id: int) -> ResponseReturnValue:
    """Undo a withdrawal."""
    with transaction(runtime().sessions) as session:
        withdrawal.restore(session, article_id, actor=_actor(), now=now())
    page.say("Restored. It may be chosen again.")
    return redirect(url_for(".show", article_id=article_id))


def _back() -> str | None:
    """Return the page that the form was on, where it says so."""
    return auth.safe_path(request.form.get("next", ""))


def _category(session: Session) -> CategoryMapping | None:
    category_id = request.args.get("category", type=int)
    if category_id is None or not 0 < category_id <= LARGEST:
        return None
    category = session.get(CategoryMapping, category_id)
    if category is None:
        raise NotFound("There is no such category.")
    return category


def _source(session: Session, source_id: int | None) -> Source | None:
    if source_id is None or not 0 < source_id <= LARGEST:
        return None
    return sources.get(session, source_id)


def _actor() -> str:
    return actor_of(auth.current_operator())
