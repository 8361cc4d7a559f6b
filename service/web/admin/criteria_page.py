"""What pages about an audience share: reading its form, and showing who it is as of now."""

import secrets
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from service.blasts import choosing
from service.blasts.criteria import Criteria
from service.blasts.handmade import Matched
from service.errors import InvalidInput
from service.newsletters.models import Newsletter
from service.ops import audience_estimate, audiences
from service.web.admin.criteria_form import CriteriaForm
from service.web.context import now


@dataclass(frozen=True, slots=True)
class Seen:
    """What a form asked for; `only_look` wants it counted, and nothing saved."""

    criteria: Criteria
    matched: Matched | None
    is_valid: bool
    only_look: bool


def read(session: Session, newsletter: Newsletter, form: CriteriaForm, *, before: Criteria) -> Seen:
    """Read a form that was sent; what is wrong stands beside its field, and `before` is what then holds."""
    only_look = bool(request.form.get("look"))
    if not form.validate():
        return Seen(before, None, is_valid=False, only_look=only_look)
    try:
        criteria, matched = form.criteria(session, newsletter, before=before)
        choosing.check(session, newsletter.id, criteria)
    except InvalidInput as error:
        form.complain(error, default="topics_any")
        return Seen(before, None, is_valid=False, only_look=only_look)
    return Seen(criteria, matched, is_valid=True, only_look=only_look)


def values(
    session: Session,
    newsletter: Newsletter,
    criteria: Criteria,
    form: CriteriaForm,
    *,
    matched: Matched | None = None,
    before: Criteria | None = None,
) -> dict[str, Any]:
    """Return what `_criteria.html` and `_audience_look.html` show."""
    kept = (before or criteria).listed
    # The button is pressed to know; everything else is to be quick.
    count = audiences.look if request.form.get("look") == "1" else audience_estimate.look
    # Begun anywhere: twenty readers who always are the same prove little.
    start = secrets.randbelow(audiences.last_id(session)) + 1
    return {
        "form": form,
        "listed": None if kept is None else len(kept),
        "matched": matched,
        "look": count(session, newsletter.id, criteria, now=now()),
        "sample": audiences.sample(session, newsletter.id, criteria, start=start, now=now()),
    }
