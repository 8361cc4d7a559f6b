"""The words of a blast: its second step."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from service.blasts import drafts
from service.blasts.models import Blast
from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page, words
from service.web.admin.blast_forms import BlastForm, filled
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_drafts", __name__, url_prefix="/console/blasts")
# Writing needs the role even to look: a form that cannot be sent only misleads.
auth.protect(blueprint, look=Role.EDITOR, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/<int:blast_id>/edit")
def edit(blast_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        blast = session.get(Blast, blast_id)
        if blast is None:
            raise NotFound("There is no such blast.")
        newsletter = blast.newsletter
        form = filled(blast)
    return _form_page(form, newsletter, blast_id=blast_id)


@blueprint.post("/<int:blast_id>/edit")
def change(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        newsletter = drafts.locked(session, blast_id).newsletter
        form = BlastForm()
        if not form.validate():
            return _form_page(form, newsletter, blast_id=blast_id), 422
        try:
            drafts.edit(
                session,
                blast_id,
                subject=form.subject.data or "",
                body_markdown=form.body_markdown.data or "",
                in_archive=form.in_archive.data,
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
        except InvalidInput as error:
            return _refused(form, newsletter, error, blast_id=blast_id)
    page.say("Saved.")
    return redirect(url_for("console_blasts.blast", blast_id=blast_id))


def _refused(
    form: BlastForm, newsletter: Newsletter, error: InvalidInput, *, blast_id: int
) -> ResponseReturnValue:
    form.complain(error, default="subject")
    return _form_page(form, newsletter, blast_id=blast_id), 422


def _form_page(form: BlastForm, newsletter: Newsletter, *, blast_id: int) -> str:
    return render_template("admin/blasts_form.html", form=form, newsletter=newsletter, blast_id=blast_id)
