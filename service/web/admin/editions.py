"""Editions: what was planned when, for whom, and every digest that came out of it."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.operators.models import Role
from service.ops import editions, preview
from service.web.admin import auth, framed, words
from service.web.context import runtime

blueprint = Blueprint("console_editions", __name__, url_prefix="/console/editions")
auth.protect(blueprint, change=Role.SENDER)
words.install(blueprint)

SHOWN = 20


@blueprint.get("/")
def index() -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    newsletter_id = request.args.get("newsletter", type=int)
    with runtime().sessions() as session:
        found = editions.list_page(session, newsletter_id=newsletter_id, before_id=before, limit=SHOWN + 1)
    following = found[SHOWN - 1].edition_id if len(found) > SHOWN else None
    return render_template(
        "admin/editions.html",
        editions=found[:SHOWN],
        following=following,
        before=before,
        newsletter_id=newsletter_id,
    )


@blueprint.get("/<int:edition_id>")
def edition(edition_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        found = editions.get(session, edition_id)
        recipes = editions.list_recipes(session, found)
        total = editions.count_recipes(session, found.line.mailing_id)
    return render_template("admin/editions_edition.html", edition=found, recipes=recipes, total=total)


@blueprint.get("/<int:edition_id>/recipes/<int:recipe_id>")
def recipe(edition_id: int, recipe_id: int) -> ResponseReturnValue:
    """Show one digest as its readers got it."""
    with runtime().sessions() as session:
        found = editions.get(session, edition_id)
        content = preview.of_recipe(
            session, recipe_id, mailing_id=found.line.mailing_id, links=runtime().links
        )
    return render_template(
        "admin/editions_recipe.html",
        edition=found,
        recipe_id=recipe_id,
        content=content,
        width=framed.width(),
    )


@blueprint.get("/<int:edition_id>/recipes/<int:recipe_id>/mail")
def recipe_mail(edition_id: int, recipe_id: int) -> ResponseReturnValue:
    """The HTML part by itself, for the frame."""
    with runtime().sessions() as session:
        found = editions.get(session, edition_id)
        content = preview.of_recipe(
            session, recipe_id, mailing_id=found.line.mailing_id, links=runtime().links
        )
    return framed.mail(content.html)
