"""Who a blast goes to: the first step, before a word is written, and at any time until it is confirmed."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.blasts import audience, choosing, drafts, frozen, lifecycle, segments
from service.blasts.criteria import Criteria
from service.blasts.models import Blast
from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import audiences
from service.web import row_ids
from service.web.admin import auth, criteria_page, page, words
from service.web.admin.criteria_form import CriteriaForm, filled
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_audience", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, look=Role.EDITOR, change=Role.EDITOR)
words.install(blueprint)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """Show the conditions for a new blast; with several newsletters, ask first for which one."""
    with runtime().sessions() as session:
        choices = newsletters.list_open(session)
        newsletter = _chosen(choices)
        if newsletter is None:
            return render_template("admin/blasts_new.html", choices=choices)
        return _show(session, newsletter, Criteria(), filled(Criteria()), blast=None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    """Count, or begin a draft with this audience."""
    with transaction(runtime().sessions) as session:
        newsletter = _chosen(newsletters.list_open(session))
        if newsletter is None:
            raise NotFound("There is no such newsletter, or it is closed.")
        operator = auth.current_operator()

        def save(criteria: Criteria) -> ResponseReturnValue:
            made = drafts.create(
                session, newsletter, subject="", body_markdown="", operator_id=operator.id, now=now()
            )
            choosing.set_audience(session, made.id, criteria, actor=actor_of(operator), now=now())
            return redirect(url_for("console_blast_drafts.edit", blast_id=made.id))

        return _taken(session, newsletter, Criteria(), save)


@blueprint.get("/<int:blast_id>/audience")
def edit(blast_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        blast = session.get(Blast, blast_id)
        if blast is None:
            raise NotFound("There is no such blast.")
        lifecycle.check_editable(blast.state)
        found = audience.of(blast)
        return _show(session, blast.newsletter, found, filled(found), blast=blast)


@blueprint.post("/<int:blast_id>/audience")
def change(blast_id: int) -> ResponseReturnValue:
    """Count, or change who gets it."""
    with transaction(runtime().sessions) as session:
        blast = drafts.locked(session, blast_id)
        lifecycle.check_editable(blast.state)
        actor = actor_of(auth.current_operator())

        def save(criteria: Criteria) -> ResponseReturnValue:
            _check_not_overtaken(session, blast)
            choosing.set_audience(session, blast_id, criteria, actor=actor, now=now())
            page.say("Saved who gets it.")
            return redirect(url_for("console_blasts.blast", blast_id=blast_id))

        return _taken(session, blast.newsletter, audience.of(blast), save, blast=blast)


@blueprint.post("/<int:blast_id>/audience/segment")
def use(blast_id: int) -> ResponseReturnValue:
    """Take the audience of a segment, as it is now."""
    segment_id = row_ids.typed_id(request.form, "segment_id")
    with transaction(runtime().sessions) as session:
        actor = actor_of(auth.current_operator())
        choosing.use(session, blast_id, segment_id, actor=actor, now=now())
    page.say("The blast has the segment’s audience. A later change of the segment does not reach it.")
    return redirect(url_for(".edit", blast_id=blast_id))


def _check_not_overtaken(session: Session, blast: Blast) -> None:
    """:raises InvalidInput: somebody else has chosen another audience since this one was opened."""
    opened = request.form.get("opened")
    if opened and opened != frozen.mark(blast, frozen.AUDIENCE):
        theirs = audiences.describe(session, audience.of(blast)) or "ask for announcements"
        raise InvalidInput(
            f"Since you opened this page somebody has chosen that it goes to readers who {theirs}. What "
            "stands here is yours, and is not saved yet; to put it in place of theirs, press Save once more."
        )


def _show(
    session: Session, newsletter: Newsletter, criteria: Criteria, form: CriteriaForm, *, blast: Blast | None
) -> ResponseReturnValue:
    return render_template(
        "admin/blasts_audience.html",
        newsletter=newsletter,
        blast=blast,
        opened=frozen.mark(blast, frozen.AUDIENCE) if blast is not None else "",
        segments=segments.list_of(session, newsletter.id) if blast is not None else [],
        **criteria_page.values(session, newsletter, criteria, form.offer(session, newsletter)),
    )


def _taken(
    session: Session,
    newsletter: Newsletter,
    before: Criteria,
    save: Callable[[Criteria], ResponseReturnValue],
    *,
    blast: Blast | None = None,
) -> ResponseReturnValue:
    """Read the form: save it, count it, or show what is wrong beside its field."""
    form = CriteriaForm().offer(session, newsletter)
    seen = criteria_page.read(session, newsletter, form, before=before)
    if seen.is_valid and not seen.only_look:
        try:
            return save(seen.criteria)
        except InvalidInput as error:
            form.complain(error, default="topics_any")
    shown = criteria_page.values(
        session, newsletter, seen.criteria, form, matched=seen.matched, before=before
    )
    if request.form.get("look") == "part":
        return render_template("admin/_audience_look.html", **shown)
    whole = render_template(
        "admin/blasts_audience.html",
        newsletter=newsletter,
        blast=blast,
        opened=frozen.mark(blast, frozen.AUDIENCE) if blast is not None else "",
        segments=segments.list_of(session, newsletter.id) if blast is not None else [],
        **shown,
    )
    return whole, 422 if form.errors else 200


def _chosen(choices: list[Newsletter]) -> Newsletter | None:
    if len(choices) == 1:
        return choices[0]
    wanted = request.args.get("newsletter", type=int)
    return next((each for each in choices if each.id == wanted), None)
