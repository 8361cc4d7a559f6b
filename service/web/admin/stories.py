"""People say which articles tell one story: split them, or make one of two."""

from collections.abc import Callable

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.articles import deciding
from service.db import transaction
from service.errors import InvalidInput
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import article_page, auth, page
from service.web.context import now, runtime
from service.web.row_ids import LARGEST

blueprint = Blueprint("console_stories", __name__, url_prefix="/console/articles/<int:article_id>/story")
auth.protect(blueprint, change=Role.EDITOR)


@blueprint.post("/split")
def split(article_id: int) -> ResponseReturnValue:
    """Take the chosen articles out of the story."""
    chosen = [key for key in request.form.getlist("articles", type=int) if 0 < key <= LARGEST]
    return _decide(
        article_id,
        lambda session: deciding.split(
            session, article_id, chosen, reason=_reason(), actor=_actor(), now=now()
        ),
        done="Split. Digests that are planned from now on hold them for two stories.",
    )


@blueprint.post("/merge")
def merge(article_id: int) -> ResponseReturnValue:
    """Make one story of this and another article's."""
    other = request.form.get("other", 0, type=int)
    return _decide(
        article_id,
        lambda session: deciding.merge(
            session,
            article_id,
            other if 0 < other <= LARGEST else 0,
            reason=_reason(),
            actor=_actor(),
            now=now(),
        ),
        done="One story now. Whoever was sent one of its reports gets none of the others.",
    )


def _decide(article_id: int, decide: Callable[[Session], object], *, done: str) -> ResponseReturnValue:
    try:
        with transaction(runtime().sessions) as session:
            decide(session)
    except InvalidInput as error:
        return article_page.render(article_id, problem=str(error)), 422
    page.say(done)
    return redirect(url_for("console_articles.show", article_id=article_id))


def _reason() -> str:
    return request.form.get("reason", "")


def _actor() -> str:
    return actor_of(auth.current_operator())
