"""Settings: one page that leads to everything that can be set, and says where something is missing."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service.newsletters import queries
from service.newsletters.models import Newsletter
from service.operators.models import Role
from service.ops import house
from service.subscribers import phrases
from service.subscribers.models import ENOUGH_ITEMS
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_settings", __name__, url_prefix="/console/settings")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    settings = runtime().settings
    with runtime().sessions() as session:
        view = house.read(session, addresses=settings.relays, now=now())
    return render_template("admin/settings.html", view=view, given=house.given(settings), in_words=_in_words)


@blueprint.get("/topics/<int:topic_id>")
def topic(topic_id: int) -> ResponseReturnValue:
    """Lead to a topic's page: the audit log knows its number only."""
    with runtime().sessions() as session:
        newsletter_id = queries.get_topic(session, topic_id).newsletter_id
    return redirect(url_for("console_topics.edit", newsletter_id=newsletter_id, topic_id=topic_id))


def _in_words(newsletter: Newsletter) -> str:
    """Say what the sign-up form begins with: “every Friday at 07:00”."""
    return phrases.days_and_hour(
        newsletter.default_rhythm,
        weekday=newsletter.default_weekday,
        hour=newsletter.default_hour,
        enough=max(ENOUGH_ITEMS, newsletter.min_items),
    )
