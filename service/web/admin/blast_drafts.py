"""The words of a blast: its second step."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.blasts import drafts, lifecycle
from service.blasts.blocks import read
from service.blasts.models import Blast
from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import blast_changes
from service.web.admin import auth, blast_editor, page, words
from service.web.admin.blast_editor import Editor
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
        editor = blast_editor.shown(session, newsletter, read(blast.blocks))
    return _form_page(form, newsletter, editor, blast_id=blast_id)


@blueprint.post("/<int:blast_id>/edit")
def change(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        blast = drafts.locked(session, blast_id)
        lifecycle.check_editable(blast.state)
        newsletter = blast.newsletter
        form = BlastForm()
        if blast_editor.pressed()[0]:
            editor = blast_editor.acted(session, newsletter)
            return _form_page(form, newsletter, editor, blast_id=blast_id)
        if not form.validate():
            return _typed_page(session, form, newsletter, blast_id=blast_id), 422
        if form.version.data is not None and form.version.data != blast.version:
            return _overtaken(session, form, blast), 409
        try:
            drafts.edit(
                session,
                blast_id,
                subject=form.subject.data or "",
                preheader=form.preheader.data or "",
                body_markdown=form.body_markdown.data or "",
                blocks=blast_editor.typed(),
                in_archive=form.in_archive.data,
                version=form.version.data,
                actor=actor_of(auth.current_operator()),
                now=now(),
            )
        except InvalidInput as error:
            form.complain(error, default="subject")
            return _typed_page(session, form, newsletter, blast_id=blast_id), 422
    page.say("Saved.")
    return redirect(url_for("console_blasts.blast", blast_id=blast_id))


def _overtaken(session: Session, form: BlastForm, blast: Blast) -> str:
    """Show both texts; saving again is then a decision for one of them."""
    theirs = blast_changes.latest(session, blast)
    form.take_version(blast.version)
    return _typed_page(session, form, blast.newsletter, blast_id=blast.id, theirs=theirs)


def _typed_page(
    session: Session,
    form: BlastForm,
    newsletter: Newsletter,
    *,
    blast_id: int,
    theirs: blast_changes.Change | None = None,
) -> str:
    editor = blast_editor.shown(session, newsletter, blast_editor.typed())
    return _form_page(form, newsletter, editor, blast_id=blast_id, theirs=theirs)


def _form_page(
    form: BlastForm,
    newsletter: Newsletter,
    editor: Editor,
    *,
    blast_id: int,
    theirs: blast_changes.Change | None = None,
) -> str:
    return render_template(
        "admin/blasts_form.html",
        form=form,
        newsletter=newsletter,
        editor=editor,
        kinds=blast_editor.LABELS,
        addable=blast_editor.ADDABLE,
        blast_id=blast_id,
        theirs=theirs,
    )
