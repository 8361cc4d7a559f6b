"""Ending a topic: closing it, or merging it into another; both say beforehand what it means for readers."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, NotFound
from service.newsletters import queries
from service.newsletters.models import Topic
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import topic_merge
from service.web.admin import auth, page, words
from service.web.context import now, runtime
from service.web.row_ids import typed_id

blueprint = Blueprint(
    "console_topic_endings",
    __name__,
    url_prefix="/console/newsletters/<int:newsletter_id>/topics/<int:topic_id>",
)
auth.protect(blueprint, change=Role.EDITOR)

#: Seconds for which a page moves readers; the rest is maintenance.
AT_ONCE = 2.0
words.install(blueprint)


@blueprint.get("/close")
def ask_to_close(newsletter_id: int, topic_id: int) -> ResponseReturnValue:
    """Say who follows it, and who would have nothing left."""
    auth.require(Role.EDITOR)
    with runtime().sessions() as session:
        topic = _topic(session, newsletter_id, topic_id)
        closing = topic_merge.closing(session, topic)
        others = [each for each in topic.newsletter.open_topics if each is not topic]
        return render_template(
            "admin/topic_close.html", newsletter=topic.newsletter, closing=closing, others=others
        )


@blueprint.get("/merge")
def ask_to_merge(newsletter_id: int, topic_id: int) -> ResponseReturnValue:
    """Ask into which, and then say what moves."""
    auth.require(Role.EDITOR)
    into = request.args.get("into", type=int)
    plan, problem = None, ""
    with runtime().sessions() as session:
        topic = _topic(session, newsletter_id, topic_id)
        others = [each for each in topic.newsletter.open_topics if each is not topic]
        if into is not None:
            try:
                plan = topic_merge.plan(session, topic, _topic(session, newsletter_id, into), now=now())
            except Conflict as error:
                problem = str(error)
        return render_template(
            "admin/topic_merge.html",
            newsletter=topic.newsletter,
            topic=topic,
            others=others,
            into=into,
            plan=plan,
            problem=problem,
        ), 409 if problem else 200


@blueprint.post("/merge")
def merge(newsletter_id: int, topic_id: int) -> ResponseReturnValue:
    into = typed_id(request.form, "into")
    with transaction(runtime().sessions) as session:
        for each in (topic_id, into):
            _topic(session, newsletter_id, each)
        begun = topic_merge.begin(session, topic_id, into, actor=actor_of(auth.current_operator()), now=now())
        names = begun.gone.name, begun.kept.name
    done = topic_merge.go_on(runtime().sessions, now=now(), seconds=AT_ONCE)
    runtime().dispatcher.wake(TaskName.SETTLE)
    if done:
        page.say(
            f"“{names[0]}” is merged into “{names[1]}”: {begun.followers.following:,} readers and "
            f"{begun.belongings.articles:,} articles moved. Nobody gets anything twice."
        )
    else:
        runtime().dispatcher.wake(TaskName.MAINTAIN)
        page.say(
            f"“{names[0]}” is being merged into “{names[1]}”. Its readers move in the background, within "
            "minutes; nobody gets anything twice."
        )
    return redirect(url_for("console_topics.index", newsletter_id=newsletter_id))


def _topic(session: Session, newsletter_id: int, topic_id: int) -> Topic:
    topic = queries.get_topic(session, topic_id)
    if topic.newsletter_id != newsletter_id:
        raise NotFound("There is no such topic.")
    return topic
