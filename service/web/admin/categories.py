"""Categories: what feeds call things, and which topics that means."""

from difflib import SequenceMatcher

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service import audit
from service.articles import mapping
from service.articles.models import CategoryMapping
from service.db import transaction
from service.dispatch import TaskName
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter, Topic
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page
from service.web.context import now, runtime

blueprint = Blueprint("console_categories", __name__, url_prefix="/console/categories")
auth.protect(blueprint, change=Role.EDITOR)

#: Under this likeness a proposal is more often wrong than right.
_LIKE = 0.7


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List what waits for an operator first, and what is mapped below."""
    with runtime().sessions() as session:
        groups = [_group(session, newsletter) for newsletter in newsletters.list_open(session)]
        return render_template("admin/categories.html", groups=groups)


@blueprint.post("/<int:mapping_id>")
def decide(mapping_id: int) -> ResponseReturnValue:
    """Map a category to a topic, ignore it, or let it wait again."""
    choice = request.form.get("topic", "")
    try:
        topic_id, ignored = _read(choice)
        with transaction(runtime().sessions) as session:
            gained = mapping.map_category(session, mapping_id, topic_id, ignored, now=now())
            sentence = _record(session, mapping_id, gained)
    except InvalidInput as error:
        page.warn(str(error))
        return redirect(url_for(".index"))
    if gained:
        runtime().dispatcher.wake(TaskName.SETTLE)
    page.say(sentence)
    return redirect(url_for(".index"))


def propose(category: str, topics: list[Topic]) -> Topic | None:
    """Return the topic whose name is most like the category, if one is like enough."""
    if not topics:
        return None
    folded = category.casefold()
    likeness, best = max(
        ((SequenceMatcher(None, folded, topic.name.casefold()).ratio(), topic) for topic in topics),
        key=lambda pair: pair[0],
    )
    return best if likeness >= _LIKE else None


def _read(choice: str) -> tuple[int | None, bool]:
    if choice in {"ignore", "wait"}:
        return None, choice == "ignore"
    if not choice.isdecimal() or len(choice) > 18:
        raise InvalidInput("Choose a topic first.")
    return int(choice), False


def _record(session: Session, mapping_id: int, gained: int) -> str:
    row = session.get(CategoryMapping, mapping_id)
    if row is None:
        raise NotFound("There is no such category.")
    topic = newsletters.get_topic(session, row.topic_id).name if row.topic_id else None
    audit.record(
        session,
        actor=actor_of(auth.current_operator()),
        action="category.mapped",
        subject=f"category {row.id}",
        now=now(),
        after={"category": row.category, "topic": topic, "ignored": row.ignored},
    )
    if topic:
        articles = "1 article is" if gained == 1 else f"{gained} articles are"
        return f"“{row.category}” means {topic} from now on. {articles} added to that topic."
    return f"“{row.category}” is ignored." if row.ignored else f"“{row.category}” waits for a topic again."


def _group(session: Session, newsletter: Newsletter) -> dict[str, object]:
    topics = newsletter.open_topics
    return {
        "newsletter": newsletter,
        "topics": topics,
        "waiting": [(row, propose(row.category, topics)) for row in mapping.unmapped(session, newsletter.id)],
        "decided": mapping.list_mapped(session, newsletter.id),
    }
