"""Newsletters: the list, making one, editing one, closing and reopening it."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.db import transaction
from service.errors import InvalidInput
from service.newsletters import changes, queries
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.subscribers.models import SubscriptionState
from service.subscribers.queries import count_by_state
from service.web.admin import auth, leavers, page
from service.web.admin.newsletter_forms import ZONES, NewsletterForm
from service.web.context import now, runtime

blueprint = Blueprint("console_newsletters", __name__, url_prefix="/console/newsletters")
auth.protect(blueprint, change=Role.EDITOR)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List every newsletter with what it still needs before it may send."""
    with runtime().sessions() as session:
        rows = [_row(session, newsletter) for newsletter in queries.list_all(session)]
    return render_template("admin/newsletters.html", rows=rows)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show the form with our defaults; a sender must exist first."""
    auth.require(Role.EDITOR)
    with runtime().sessions() as session:
        senders = queries.list_senders(session)
    if not senders:
        page.warn("A newsletter needs a sender. Add one first.")
        return redirect(url_for("console_senders.new"))
    defaults = changes.NewsletterDraft(name="", sender_id=senders[0].id)
    form = NewsletterForm(formdata=None, obj=defaults)
    form.offer(senders)
    return _form_page(form, None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    form = NewsletterForm()
    with transaction(runtime().sessions) as session:
        form.offer(queries.list_senders(session))
        if form.validate():
            try:
                newsletter = changes.create(
                    session, form.draft(), slug=form.slug.data or "", actor=_actor(), now=now()
                )
            except InvalidInput as error:
                form.complain(error, default="name")
    if form.errors:
        return _form_page(form, None), 422
    page.say(f"“{newsletter.name}” is made. Now add the topics that readers can choose.")
    return redirect(url_for("console_topics.index", newsletter_id=newsletter.id))


@blueprint.get("/<int:newsletter_id>")
def edit(newsletter_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = queries.get(session, newsletter_id)
        form = NewsletterForm(formdata=None, obj=newsletter)
        form.offer(queries.list_senders(session))
        missing = queries.missing_for_sending(newsletter)
    return _form_page(form, newsletter, missing=missing)


@blueprint.post("/<int:newsletter_id>")
def save(newsletter_id: int) -> ResponseReturnValue:
    form = NewsletterForm()
    with transaction(runtime().sessions) as session:
        newsletter = queries.get(session, newsletter_id)
        form.offer(queries.list_senders(session))
        if form.validate():
            try:
                changes.edit(session, newsletter, form.draft(), actor=_actor(), now=now())
            except InvalidInput as error:
                form.complain(error, default="name")
    if form.errors:
        return _form_page(form, newsletter), 422
    page.say("Saved.")
    return redirect(url_for(".edit", newsletter_id=newsletter_id))


@blueprint.post("/<int:newsletter_id>/close")
def close(newsletter_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        newsletter = queries.get(session, newsletter_id)
        changes.close(session, newsletter, actor=_actor(), now=now())
    page.say(f"“{newsletter.name}” is closed: no sign-ups, no sending. Readers and history are kept.")
    return redirect(url_for(".index"))


@blueprint.post("/<int:newsletter_id>/reopen")
def reopen(newsletter_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        newsletter = queries.get(session, newsletter_id)
        changes.reopen(session, newsletter, actor=_actor(), now=now())
    page.say(f"“{newsletter.name}” is open again.")
    return redirect(url_for(".index"))


def _row(session: Session, newsletter: Newsletter) -> dict[str, object]:
    return {
        "newsletter": newsletter,
        "readers": count_by_state(session, newsletter.id)[SubscriptionState.ACTIVE],
        "missing": queries.missing_for_sending(newsletter),
        "sign_up": runtime().links.newsletter(newsletter.slug),
    }


def _actor() -> str:
    return actor_of(auth.current_operator())


def _form_page(
    form: NewsletterForm, newsletter: Newsletter | None, *, missing: list[str] | None = None
) -> str:
    said: list[tuple[str, int]] = []
    if newsletter is not None:
        with runtime().sessions() as session:
            said = leavers.counts(session, newsletter)
    return render_template(
        "admin/newsletter_edit.html",
        form=form,
        newsletter=newsletter,
        leavers=said,
        missing=missing or [],
        links=runtime().links,
        zones=ZONES,
    )
