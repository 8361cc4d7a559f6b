"""The sign-up page of a newsletter, and the page that says to look into the inbox."""

from datetime import datetime

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.dispatch import TaskName
from service.errors import BadToken, Conflict, TooManyRequests
from service.newsletters.models import Newsletter, Rhythm
from service.newsletters.queries import missing_for_sending
from service.subscribers import addresses, opt_in, wording
from service.subscribers.opt_in import SignUp
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers import zones
from service.web.readers.forms import SignUpForm
from service.web.readers.page import circumstances, get_newsletter, page

blueprint = Blueprint("sign_up", __name__)

#: Nobody reads the page and types an address in less; machines do.
QUICKEST_SECONDS = 2


@blueprint.get("/n/<slug>")
def show(slug: str) -> ResponseReturnValue:
    newsletter = _newsletter(slug)
    form = SignUpForm(
        newsletter,
        rhythm=Rhythm.WEEKLY.value,
        hour=newsletter.default_hour,
        time_zone=newsletter.time_zone,
        rendered=_rendered(newsletter, now=now()),
    )
    return _form(newsletter, form, {})


@blueprint.post("/n/<slug>")
def submit(slug: str) -> ResponseReturnValue:
    """Take a request; the answer is the same whether or not the address is known."""
    newsletter = _newsletter(slug)
    if missing_for_sending(newsletter):
        raise Conflict("Sign-up opens soon; this newsletter is still being prepared.")
    form = SignUpForm(newsletter, request.form)
    if form.website.data:
        return _sent(newsletter)
    complaints = _too_quick(form, now=now()) if form.validate() else form.complaints()
    if complaints:
        return _form(newsletter, form, complaints), 422
    try:
        _request(newsletter, form)
    except TooManyRequests as error:
        answer = _form(newsletter, form, {"form": str(error)})
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer, 429
    runtime().dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    return _sent(newsletter)


@blueprint.get("/n/<slug>/sent")
def sent(slug: str) -> ResponseReturnValue:
    return page("sent", newsletter=_newsletter(slug))


def _newsletter(slug: str) -> Newsletter:
    with runtime().sessions() as session:
        return get_newsletter(session, slug)


def _request(newsletter: Newsletter, form: SignUpForm) -> None:
    choices = form.choices()
    shown = wording.consented(newsletter, with_announcements=choices.announcements)
    sign_up = SignUp(
        newsletter_id=newsletter.id,
        address=addresses.parse(form.email.data or ""),
        choices=choices,
        circumstances=circumstances("form", wording=shown),
    )
    with transaction(runtime().sessions) as session:
        opt_in.request(session, sign_up, hash_address=runtime().hash_address, now=now())


def _rendered(newsletter: Newsletter, *, now: datetime) -> str:
    return runtime().tokens.make(Purpose.FORM, [newsletter.id, int(now.timestamp())], at=now)


def _too_quick(form: SignUpForm, *, now: datetime) -> dict[str, str]:
    """Judge the moment at which the form was made: a machine's haste, or yesterday's page."""
    try:
        newsletter_id, rendered = runtime().tokens.read(Purpose.FORM, form.rendered.data or "", now=now)
    except (BadToken, ValueError):
        newsletter_id, rendered = None, 0
    if newsletter_id != form.newsletter.id:
        form.rendered.data = _rendered(form.newsletter, now=now)
        return {"form": "This page was open for a long time. Please press the button once more."}
    if now.timestamp() - rendered < QUICKEST_SECONDS:
        return {"form": "That was very quick. Please press the button once more."}
    return {}


def _form(newsletter: Newsletter, form: SignUpForm, complaints: dict[str, str]) -> Response:
    return page(
        "sign_up",
        newsletter=newsletter,
        form=form,
        complaints=complaints,
        open=not missing_for_sending(newsletter),
        zones=zones.offered(form.time_zone.data or ""),
        consent=wording.sign_up(newsletter),
        announcements=wording.announcements(newsletter),
    )


def _sent(newsletter: Newsletter) -> ResponseReturnValue:
    return redirect(url_for("sign_up.sent", slug=newsletter.slug), code=303)
