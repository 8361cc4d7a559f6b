"""The rules for sending blasts, as everybody sees and administrators change them."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import FloatField, IntegerField
from wtforms.validators import InputRequired, Optional

from service.blasts import rules
from service.blasts.rules import Rules
from service.db import transaction
from service.errors import InvalidInput
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, page, words
from service.web.admin.fields import ConsoleForm
from service.web.context import now, runtime

blueprint = Blueprint("console_blast_rules", __name__, url_prefix="/console/blasts/rules")
auth.protect(blueprint, change=Role.ADMIN)
words.install(blueprint)

_NEEDED = InputRequired("Enter a number.")


class BlastRulesForm(ConsoleForm):
    typed_above = IntegerField("Type the number above", [_NEEDED])
    second_person_above = IntegerField("A second sender approves above", [Optional()])
    cap_hours = IntegerField("Hours between two blasts", [_NEEDED])
    undo_seconds = IntegerField("Seconds to take it back", [_NEEDED])
    error_percent = FloatField("Percent that fail", [_NEEDED])
    bounce_percent = FloatField("Percent that bounce", [_NEEDED])
    complaint_percent = FloatField("Percent that complain", [_NEEDED])


@blueprint.get("")
def index() -> ResponseReturnValue:
    with runtime().sessions() as session:
        form = BlastRulesForm(formdata=None, obj=rules.current(session))
    return render_template("admin/blasts_rules.html", form=form)


@blueprint.post("")
def save() -> ResponseReturnValue:
    """Change the rules; they hold from the next confirmation on, and for what is being sent."""
    form = BlastRulesForm()
    if form.validate():
        try:
            with transaction(runtime().sessions) as session:
                wanted = Rules(**{name: form[name].data for name in rules.NAMES})
                rules.change(session, wanted, actor=actor_of(auth.current_operator()), now=now())
        except InvalidInput as error:
            form.complain(error, default="typed_above")
    if form.errors:
        return render_template("admin/blasts_rules.html", form=form), 422
    page.say("Saved. The rules hold from now on.")
    return redirect(url_for(".index"))
