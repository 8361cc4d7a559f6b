"""Editions: what was planned when, for whom, and every digest that came out of it."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.digests import review
from service.dispatch import TaskName
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import editions, preview
from service.web.admin import auth, framed, page, words
from service.web.context import now, runtime

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


@blueprint.post("/<int:edition_id>/approve")
def approve(edition_id: int) -> ResponseReturnValue:
    """Let an edition go that waits for its review."""
    with transaction(runtime().sessions) as session:
        review.approve(session, edition_id, actor=actor_of(auth.current_operator()), now=now())
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
    page.say("Approved: it goes out now.")
    return redirect(url_for(".edition", edition_id=edition_id))


@blueprint.post("/<int:edition_id>/keep")
def keep(edition_id: int) -> ResponseReturnValue:
    """Hold it beyond the time of its review."""
    with transaction(runtime().sessions) as session:
        review.keep(session, edition_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("Held: it goes when somebody resumes it, and not before.")
    return redirect(url_for(".edition", edition_id=edition_id))


@blueprint.get("/<int:edition_id>")
def edition(edition_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        found = editions.get(session, edition_id)
        recipes = editions.list_recipes(session, found)
        total = editions.count_recipes(session, found.line.mailing_id)
    return render_template(
        "admin/editions_edition.html",
        edition=found,
        recipes=recipes,
        total=total,
        most=editions.MOST_RECIPES,
    )


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
        preview=framed.preview(
            content, page=".recipe", frame=".recipe_mail", edition_id=edition_id, recipe_id=recipe_id
        ),
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
