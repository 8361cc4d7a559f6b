"""Senders: the names and addresses that mail is sent under."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.errors import Conflict, InvalidInput
from service.newsletters import queries, senders
from service.newsletters.models import Sender
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page
from service.web.admin.newsletter_forms import SenderForm
from service.web.context import now, runtime

blueprint = Blueprint("console_senders", __name__, url_prefix="/console/senders")
auth.protect(blueprint, change=Role.EDITOR)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletters = queries.list_all(session)
        rows = [
            (sender, [newsletter for newsletter in newsletters if newsletter.sender_id == sender.id])
            for sender in queries.list_senders(session)
        ]
    return render_template("admin/senders.html", rows=rows)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    auth.require(Role.EDITOR)
    return _form_page(SenderForm(formdata=None), None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    form = SenderForm()
    if form.validate():
        try:
            with transaction(runtime().sessions) as session:
                sender = senders.create(session, form.draft(), actor=_actor(), now=now())
        except InvalidInput as error:
            form.complain(error, default="name")
    if form.errors:
        return _form_page(form, None), 422
    page.say(f"“{sender.name}” is added.")
    return redirect(url_for(".index"))


@blueprint.get("/<int:sender_id>")
def edit(sender_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        sender = queries.get_sender(session, sender_id)
    return _form_page(SenderForm(formdata=None, obj=sender), sender)


@blueprint.post("/<int:sender_id>")
def save(sender_id: int) -> ResponseReturnValue:
    form = SenderForm()
    with runtime().sessions() as session:
        sender = queries.get_sender(session, sender_id)
    if form.validate():
        try:
            with transaction(runtime().sessions) as session:
                changing = queries.get_sender(session, sender_id)
                senders.edit(session, changing, form.draft(), actor=_actor(), now=now())
        except InvalidInput as error:
            form.complain(error, default="name")
    if form.errors:
        return _form_page(form, sender), 422
    page.say("Saved. Mail that is composed from now on carries it.")
    return redirect(url_for(".index"))


@blueprint.post("/<int:sender_id>/remove")
def remove(sender_id: int) -> ResponseReturnValue:
    try:
        with transaction(runtime().sessions) as session:
            sender = queries.get_sender(session, sender_id)
            senders.remove(session, sender, actor=_actor(), now=now())
    except Conflict as error:
        page.warn(str(error))
    else:
        page.say(f"“{sender.name}” is removed.")
    return redirect(url_for(".index"))


def _actor() -> str:
    return actor_of(auth.current_operator())


def _form_page(form: SenderForm, sender: Sender | None) -> str:
    return render_template("admin/sender_edit.html", form=form, sender=sender)
