"""The rules for signing in: how long a login lasts, and whether everybody needs a second factor."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, IntegerField

from service.db import transaction
from service.errors import InvalidInput
from service.operators import accounts, factors, queries, rules
from service.operators.models import Role
from service.web.admin import auth, page
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_sign_in_rules", __name__, url_prefix="/console/operators/rules")
auth.protect(blueprint, look=Role.ADMIN, change=Role.ADMIN)


class RulesForm(ConsoleForm):
    second_factor_required = BooleanField("Everybody needs a second factor")
    idle_minutes = IntegerField("Minutes without a click")
    longest_hours = IntegerField("Hours in any case")


@blueprint.get("")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        form = RulesForm(formdata=None, obj=rules.current(session))
    return _page(form)


@blueprint.post("")
def save() -> ResponseReturnValue:
    """Change the rules; they hold at once, for logins that are open as well."""
    auth.require_recent()
    form = RulesForm()
    if form.validate():
        try:
            with transaction(runtime().sessions) as session:
                rules.change(
                    session,
                    idle_minutes=form.idle_minutes.data or 0,
                    longest_hours=form.longest_hours.data or 0,
                    second_factor_required=bool(form.second_factor_required.data),
                    actor=accounts.actor_of(auth.current_operator()),
                    now=now(),
                )
        except InvalidInput as error:
            form.complain(error, default="idle_minutes")
    if form.errors:
        return _page(form), 422
    page.say("Saved. The rules hold from the next click of everybody.")
    return redirect(url_for("console_operators.index"))


def _page(form: RulesForm) -> str:
    with runtime().sessions() as session:
        having = factors.operators_with(session)
        without = [
            person
            for person in queries.list_all(session)
            if person.disabled_at is None and person.id not in having
        ]
    return render_template(
        "admin/sign_in_rules.html",
        form=form,
        without=without,
        idle=rules.IDLE_MINUTES,
        longest=rules.LONGEST_HOURS,
    )
