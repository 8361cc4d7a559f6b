"""When a draft shall go, in which parts, and with which second subject: chosen before it is confirmed."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, DateTimeLocalField, IntegerField, RadioField, StringField
from wtforms.validators import Optional

from service.blasts import choosing, drafts, frozen, lifecycle, plans, rules
from service.blasts.models import Blast
from service.blasts.plans import Plan, When
from service.db import transaction
from service.errors import InvalidInput
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page, words
from service.web.admin.fields import ConsoleForm, option
from service.web.admin.newsletter_forms import ZONES
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_plans", __name__, url_prefix="/console/blasts")
auth.protect(blueprint, look=Role.SENDER, change=Role.SENDER)
words.install(blueprint)


class PlanForm(ConsoleForm):
    when = RadioField(
        "When",
        choices=[
            option(When.NOW.value, "At once, when the time to take it back is over"),
            option(When.AT.value, "At one time, the same instant for everybody"),
            option(When.LOCAL.value, "At the same time on each reader’s own clock"),
        ],
        default=When.NOW.value,
    )
    clock = DateTimeLocalField("Day and time", [Optional()], format="%Y-%m-%dT%H:%M")
    zone = StringField("On the clock of")
    has_latest = BooleanField("Drop it when it is late")
    latest_hours = IntegerField("Hours after its time", [Optional()])
    has_first = BooleanField("Send a first part, then hold the rest")
    first_percent = IntegerField("Percent of the readers", [Optional()])
    hold_minutes = IntegerField("Minutes the rest waits at least", [Optional()])
    subject_b = StringField("A second subject")

    def plan(self) -> Plan:
        when = When(self.when.data)
        return Plan(
            when=when,
            clock=None if when is When.NOW else self.clock.data,
            zone=(self.zone.data or "UTC").strip(),
            latest_hours=(self.latest_hours.data or 0) if self.has_latest.data else None,
            first_percent=(self.first_percent.data or 0) if self.has_first.data else None,
            hold_minutes=(self.hold_minutes.data or 0) if self.has_first.data else Plan().hold_minutes,
        )


@blueprint.get("/<int:blast_id>/plan")
def edit(blast_id: int) -> ResponseReturnValue:
    with transaction(runtime().sessions) as session:
        blast = drafts.locked(session, blast_id)
        lifecycle.check_editable(blast.state)
        return _page(blast, _filled(blast), rules.current(session))


@blueprint.post("/<int:blast_id>/plan")
def save(blast_id: int) -> ResponseReturnValue:
    """Keep the plan; the next page shows all of it, and the number."""
    form = PlanForm()
    with transaction(runtime().sessions) as session:
        blast = drafts.locked(session, blast_id)
        if form.validate():
            try:
                _check_not_overtaken(blast)
                choosing.set_plan(
                    session,
                    blast_id,
                    form.plan(),
                    subject_b=form.subject_b.data or "",
                    actor=actor_of(auth.current_operator()),
                    now=now(),
                )
            except InvalidInput as error:
                form.complain(error, default="when")
        if form.errors:
            return _page(blast, form, rules.current(session)), 422
    page.say("Saved. Nothing is sent yet: look at all of it once more.")
    return redirect(url_for("console_blasts.confirm", blast_id=blast_id))


def _check_not_overtaken(blast: Blast) -> None:
    """:raises InvalidInput: somebody else has saved another plan since this one was opened."""
    opened = request.form.get("opened")
    if opened and opened != frozen.mark(blast, frozen.PLAN):
        raise InvalidInput(
            "Somebody has saved another plan since you opened this page. What stands here is yours, and is "
            "not saved yet; to put it in the place of theirs, press Continue once more."
        )


def _filled(blast: Blast) -> PlanForm:
    plan = Plan.read(blast.plan)
    return PlanForm(
        formdata=None,
        when=plan.when.value,
        clock=plan.clock,
        zone=plan.zone if blast.plan else blast.newsletter.time_zone,
        has_latest=plan.latest_hours is not None,
        latest_hours=plan.latest_hours or 6,
        has_first=plan.first_percent is not None,
        first_percent=plan.first_percent or 1,
        hold_minutes=plan.hold_minutes,
        subject_b=blast.subject_b,
    )


def _page(blast: Blast, form: PlanForm, limits: rules.Rules) -> str:
    return render_template(
        "admin/blasts_plan.html",
        blast=blast,
        form=form,
        limits=limits,
        opened=frozen.mark(blast, frozen.PLAN),
        zones=ZONES,
        least_first=plans.LEAST_FIRST,
        hold=plans.HOLD_MINUTES,
        latest=plans.LATEST_HOURS,
    )
