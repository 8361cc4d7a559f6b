"""Saved segments: their list, making, changing, counting and deleting them."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import StringField

from service.blasts import drafts, segments
from service.blasts.choosing import use as use_segment
from service.blasts.criteria import Criteria
from service.blasts.models import Segment
from service.db import transaction
from service.errors import InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import audiences
from service.web.admin import auth, criteria_page, page, words
from service.web.admin.criteria_form import CriteriaForm, filled
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_segments", __name__, url_prefix="/console/blasts/segments")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)


class NameForm(ConsoleForm):
    name = StringField("Name")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List them with their sentences; a number needs a look at all readers, and is one press away."""
    with runtime().sessions() as session:
        choices = newsletters.list_open(session)
        names = {each.id: each.name for each in newsletters.list_all(session)}
        lines = [
            (
                each,
                names.get(each.newsletter_id, ""),
                audiences.describe(session, Criteria.read(each.definition)),
            )
            for each in segments.list_of(session)
        ]
    return render_template("admin/segments.html", lines=lines, choices=choices)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    auth.require(Role.EDITOR)
    with runtime().sessions() as session:
        newsletter = _newsletter(session)
        form = filled(Criteria()).offer(session, newsletter)
        return _page(session, newsletter, Criteria(), form, NameForm(formdata=None))


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    actor = actor_of(auth.current_operator())
    with transaction(runtime().sessions) as session:
        newsletter = _newsletter(session)

        def save(name: str, criteria: Criteria) -> Segment:
            return segments.create(
                session, newsletter.id, name=name, criteria=criteria, actor=actor, now=now()
            )

        return _taken(session, newsletter, Criteria(), save)


@blueprint.get("/<int:segment_id>")
def segment(segment_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        row = segments.get(session, segment_id)
        newsletter = newsletters.get(session, row.newsletter_id)
        found = Criteria.read(row.definition)
        form = filled(found).offer(session, newsletter)
        return _page(session, newsletter, found, form, NameForm(formdata=None, name=row.name), row=row)


@blueprint.post("/<int:segment_id>")
def change(segment_id: int) -> ResponseReturnValue:
    actor = actor_of(auth.current_operator())
    with transaction(runtime().sessions) as session:
        row = segments.get(session, segment_id)
        newsletter = newsletters.get(session, row.newsletter_id)

        def save(name: str, criteria: Criteria) -> Segment:
            return segments.edit(session, segment_id, name=name, criteria=criteria, actor=actor, now=now())

        return _taken(session, newsletter, Criteria.read(row.definition), save, row=row)


@blueprint.post("/<int:segment_id>/delete")
def delete(segment_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        segments.delete(session, segment_id, actor=actor_of(auth.current_operator()), now=now())
    page.say("The segment is deleted. Blasts keep the audience that they took from it.")
    return redirect(url_for(".index"))


@blueprint.post("/<int:segment_id>/write")
def write(segment_id: int) -> ResponseReturnValue:
    """Begin a draft to the segment."""
    operator = auth.current_operator()
    with transaction(runtime().sessions) as session:
        row = segments.get(session, segment_id)
        newsletter = newsletters.get(session, row.newsletter_id)
        made = drafts.create(
            session, newsletter, subject="", body_markdown="", operator_id=operator.id, now=now()
        )
        use_segment(session, made.id, segment_id, actor=actor_of(operator), now=now())
    return redirect(url_for("console_blast_drafts.edit", blast_id=made.id))


def _taken(
    session: Session,
    newsletter: Newsletter,
    before: Criteria,
    save: Callable[[str, Criteria], Segment],
    *,
    row: Segment | None = None,
) -> ResponseReturnValue:
    form, name = CriteriaForm().offer(session, newsletter), NameForm()
    seen = criteria_page.read(session, newsletter, form, before=before)
    if seen.is_valid and not seen.only_look:
        try:
            saved = save(name.name.data or "", seen.criteria)
        except InvalidInput as error:
            (name if error.field == "name" else form).complain(error, default=error.field or "topics_any")
        else:
            page.say("Saved.")
            return redirect(url_for(".segment", segment_id=saved.id))
    if request.form.get("look") == "part":
        shown = criteria_page.values(session, newsletter, seen.criteria, form, matched=seen.matched)
        return render_template("admin/_audience_look.html", **shown)
    wrong = bool(form.errors or name.errors)
    shown = criteria_page.values(
        session, newsletter, seen.criteria, form, matched=seen.matched, before=before
    )
    whole = render_template(
        "admin/segments_segment.html", newsletter=newsletter, row=row, name_form=name, **shown
    )
    return whole, 422 if wrong else 200


def _page(
    session: Session,
    newsletter: Newsletter,
    criteria: Criteria,
    form: CriteriaForm,
    name: NameForm,
    *,
    row: Segment | None = None,
) -> str:
    shown = criteria_page.values(session, newsletter, criteria, form)
    return render_template(
        "admin/segments_segment.html", newsletter=newsletter, row=row, name_form=name, **shown
    )


def _newsletter(session: Session) -> Newsletter:
    choices = newsletters.list_open(session)
    wanted = request.args.get("newsletter", type=int)
    found = next((each for each in choices if each.id == wanted or len(choices) == 1), None)
    if found is None:
        raise NotFound("There is no such newsletter, or it is closed.")
    return found
