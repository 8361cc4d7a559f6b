"""Categories: what feeds call things, and which topics that means."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.articles import category_decisions, mapping, suggesting
from service.articles.category_decisions import Meaning
from service.articles.models import CategoryMapping
from service.db import transaction
from service.dispatch import TaskName
from service.errors import Conflict, InvalidInput
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import actors
from service.web.admin import auth, page
from service.web.context import now, runtime
from service.web.row_ids import LARGEST

blueprint = Blueprint("console_categories", __name__, url_prefix="/console/categories")
auth.protect(blueprint, change=Role.EDITOR)

#: Decided together: more is no decision but an accident.
MOST = 500


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List what waits for an operator first, and what is mapped below."""
    with runtime().sessions() as session:
        groups = [_group(session, newsletter) for newsletter in newsletters.list_open(session)]
        return render_template("admin/categories.html", groups=groups)


@blueprint.post("/<int:mapping_id>")
def decide(mapping_id: int) -> ResponseReturnValue:
    """Map a category to a topic, ignore it, or let it wait again."""
    was = request.args.get("was", "")
    return _decide(
        lambda: {mapping_id: _read(request.form.get("topic", ""))},
        seen=lambda wanted: dict.fromkeys(wanted, _read(was)) if was else {},
    )


@blueprint.post("/together")
def decide_together() -> ResponseReturnValue:
    """Map the ticked categories as the page suggested, to one topic, or ignore them."""
    # All of them waited when the page was made.
    return _decide(_ticked, seen=lambda wanted: dict.fromkeys(wanted, Meaning()))


@blueprint.post("/undo/<int:newsletter_id>")
def undo(newsletter_id: int) -> ResponseReturnValue:
    """Take back what was decided together."""
    try:
        at = datetime.fromisoformat(request.form.get("at", ""))
        if at.tzinfo is None:
            raise ValueError
        with transaction(runtime().sessions) as session:
            count = category_decisions.undo(session, newsletter_id, at=at, actor=_actor(), now=now())
    except ValueError:
        page.warn("Choose which decision to undo.")
    except Conflict as error:
        page.warn(str(error))
    else:
        runtime().dispatcher.wake(TaskName.SETTLE)
        page.say(f"Undone: {_categories(count)} as before.")
    return redirect(url_for(".index"))


def _decide(
    read: Callable[[], dict[int, Meaning]], *, seen: Callable[[dict[int, Meaning]], dict[int, Meaning]]
) -> ResponseReturnValue:
    """Decide what `read` finds in the form, where the page has shown what `seen` says of it."""
    try:
        wanted = read()
        shown = seen(wanted)
        with transaction(runtime().sessions) as session:
            gained = category_decisions.decide(session, wanted, seen=shown, actor=_actor(), now=now())
            sentence = _sentence(session, wanted, gained)
    except (InvalidInput, Conflict) as error:
        page.warn(str(error))
        return redirect(url_for(".index"))
    if gained:
        runtime().dispatcher.wake(TaskName.SETTLE)
    page.say(sentence)
    return redirect(url_for(".index"))


def _ticked() -> dict[int, Meaning]:
    form = request.form
    to = form.get("to", "suggested")
    ids = [key for key in form.getlist("pick", type=int) if 0 < key <= LARGEST]
    if "ignore" in form:
        to = "ignore"
    elif "all" in form:
        ids = [key for key in form.getlist("proposed", type=int) if 0 < key <= LARGEST]
        to = "suggested"
    if not ids:
        raise InvalidInput("Tick the categories first; nothing was changed.")
    if len(ids) > MOST:
        raise InvalidInput(f"At most {MOST} categories are decided together.")
    if to != "suggested":
        return dict.fromkeys(ids, _read(to))
    # What the page showed is done, not what would be suggested by now.
    without = [key for key in ids if not form.get(f"suggested-{key}")]
    if without:
        raise InvalidInput(
            f"For {_categories(len(without))} that you ticked nothing is suggested: choose a topic for them. "
            "Nothing was changed."
        )
    return {key: _read(form[f"suggested-{key}"]) for key in ids}


def _read(choice: str) -> Meaning:
    if choice in {"ignore", "wait"}:
        return Meaning(ignored=choice == "ignore")
    if not choice.isdecimal() or len(choice) > 18:
        raise InvalidInput("Choose a topic first.")
    return Meaning(int(choice))


def _sentence(session: Session, wanted: dict[int, Meaning], gained: int) -> str:
    articles = "1 article is" if gained == 1 else f"{gained} articles are"
    if len(wanted) > 1:
        mapped = sum(meaning.topic_id is not None for meaning in wanted.values())
        if not mapped:
            return f"{_categories(len(wanted))} ignored."
        return f"{_categories(mapped)} mapped. {articles} added to those topics. It can be undone below."
    [(mapping_id, meaning)] = wanted.items()
    name = session.get_one(CategoryMapping, mapping_id).category
    if meaning.topic_id is not None:
        topic = newsletters.get_topic(session, meaning.topic_id).name
        return f"“{name}” means {topic} from now on. {articles} added to that topic."
    return f"“{name}” is ignored." if meaning.ignored else f"“{name}” waits for a topic again."


def _categories(n: int) -> str:
    return "1 category" if n == 1 else f"{n} categories"


def _group(session: Session, newsletter: Newsletter) -> dict[str, object]:
    waiting = mapping.unmapped(session, newsletter.id)
    suggested = {one.mapping_id: one for one in suggesting.propose_all(session, newsletter, waiting)}
    decisions = category_decisions.recent(session, newsletter.id)
    return {
        "newsletter": newsletter,
        "topics": newsletter.open_topics,
        "names": {topic.id: topic.name for topic in newsletter.open_topics},
        "waiting": [(row, suggested.get(row.mapping_id)) for row in waiting],
        "suggested": len(suggested),
        "decided": mapping.list_mapped(session, newsletter.id),
        "decisions": decisions,
        "people": actors.names(session, {one.by for one in decisions}),
    }


def _actor() -> str:
    return actor_of(auth.current_operator())
