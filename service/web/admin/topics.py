"""The topics of one newsletter: add, rename, put in order, close, open again."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters import queries, topics
from service.newsletters.models import Newsletter, Topic
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import topic_merge
from service.web.admin import auth, namesakes, page
from service.web.admin.newsletter_forms import TopicForm
from service.web.context import now, runtime

blueprint = Blueprint(
    "console_topics", __name__, url_prefix="/console/newsletters/<int:newsletter_id>/topics"
)
auth.protect(blueprint, change=Role.EDITOR)

_MOVES: dict[str, tuple[Callable[..., None], str]] = {
    "up": (topics.move_up, ""),
    "down": (topics.move_down, ""),
    "archive": (
        topics.archive,
        "“{name}” is closed. Readers who chose it keep it, should you open it again.",
    ),
    "restore": (topics.restore, "“{name}” is offered again."),
}


@blueprint.get("/")
def index(newsletter_id: int) -> ResponseReturnValue:
    return _list_page(newsletter_id, TopicForm(formdata=None))


@blueprint.post("/")
def add(newsletter_id: int) -> ResponseReturnValue:
    form = TopicForm()
    try:
        with transaction(runtime().sessions) as session:
            topic = topics.add(
                session,
                queries.get(session, newsletter_id),
                name=form.name.data or "",
                description=form.description.data or "",
                actor=_actor(),
                now=now(),
            )
            gained = namesakes.take(session, topic)
    except InvalidInput as error:
        form.complain(error, default="name")
        return _list_page(newsletter_id, form), 422
    if gained:
        runtime().dispatcher.wake(TaskName.SETTLE)
    page.say(f"“{topic.name}” is added.")
    return redirect(url_for(".index", newsletter_id=newsletter_id))


@blueprint.get("/<int:topic_id>")
def edit(newsletter_id: int, topic_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        topic = _topic(session, newsletter_id, topic_id)
        form = TopicForm(formdata=None, obj=topic)
        return _edit_page(form, topic.newsletter, topic)


@blueprint.post("/<int:topic_id>")
def save(newsletter_id: int, topic_id: int) -> ResponseReturnValue:
    form = TopicForm()
    try:
        with transaction(runtime().sessions) as session:
            topics.edit(
                session,
                _topic(session, newsletter_id, topic_id),
                name=form.name.data or "",
                description=form.description.data or "",
                actor=_actor(),
                now=now(),
            )
    except InvalidInput as error:
        form.complain(error, default="name")
        with runtime().sessions() as session:
            topic = _topic(session, newsletter_id, topic_id)
            return _edit_page(form, topic.newsletter, topic), 422
    page.say("Saved.")
    return redirect(url_for(".index", newsletter_id=newsletter_id))


@blueprint.post("/<int:topic_id>/<any(up, down, archive, restore):move>")
def move(newsletter_id: int, topic_id: int, move: str) -> ResponseReturnValue:
    """One step up or down, out of the list, or back into it."""
    act, sentence = _MOVES[move]
    try:
        with transaction(runtime().sessions) as session:
            topic = _topic(session, newsletter_id, topic_id)
            act(session, topic, actor=_actor(), now=now())
            name = topic.name
    except (Conflict, InvalidInput) as error:
        page.warn(str(error))
    else:
        if sentence:
            page.say(sentence.format(name=name))
    return redirect(url_for(".index", newsletter_id=newsletter_id))


def _topic(session: Session, newsletter_id: int, topic_id: int) -> Topic:
    topic = queries.get_topic(session, topic_id)
    if topic.newsletter_id != newsletter_id:
        raise NotFound("There is no such topic.")
    return topic


def _actor() -> str:
    return actor_of(auth.current_operator())


def _list_page(newsletter_id: int, form: TopicForm) -> str:
    with runtime().sessions() as session:
        newsletter = queries.get(session, newsletter_id)
        return render_template(
            "admin/topics.html",
            form=form,
            newsletter=newsletter,
            offered=newsletter.open_topics,
            closed=[topic for topic in newsletter.topics if topic.archived_at is not None],
            stranded=topic_merge.stranded(session, newsletter),
        )


def _edit_page(form: TopicForm, newsletter: Newsletter, topic: Topic) -> str:
    return render_template("admin/topic_edit.html", form=form, newsletter=newsletter, topic=topic)
