"""The first run: one page makes account, newsletter, sender, topics and source, all or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.articles import sources
from service.db import transaction
from service.dispatch import TaskName
from service.errors import InvalidInput, NotFound
from service.newsletters import changes, queries, senders, topics
from service.newsletters.models import Newsletter
from service.operators import accounts, setup
from service.operators.models import Operator, Role
from service.web.admin import auth, feeds, namesakes, navigation, page
from service.web.admin.letting_in import let_in
from service.web.admin.setup_form import SetupForm
from service.web.context import now, runtime

blueprint = Blueprint("console_setup", __name__, url_prefix="/setup")
auth.dress(blueprint)

#: Which field of the page a domain's complaint belongs to, where the two have different names.
_FIELDS = {
    "sender": {"name": "sender_name", "email": "sender_email"},
    "operator": {"name": "operator_name", "email": "operator_email"},
    "newsletter": {"name": "newsletter_name"},
    "topic": {"name": "topics"},
    "source": {"url": "feed_url", "name": "feed_url"},
}


@blueprint.get("")
def closed_door() -> ResponseReturnValue:
    """Say where the way in is: the token is known to whoever started Broadsheet."""
    with runtime().sessions() as session:
        if not setup.is_open(session):
            return redirect(url_for("console_entrance.login"))
    return render_template("admin/setup_closed.html")


@blueprint.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    _admit(token)
    return _page(SetupForm(formdata=None))


@blueprint.post("/<token>")
def save(token: str) -> ResponseReturnValue:
    """Make everything at once, or give everything back with what is wrong; then log the new operator in."""
    _admit(token)
    form = SetupForm()
    if "check" in request.form:
        return _check_feed(form)
    is_valid = form.validate()
    looked = _look(form)
    if looked is not None and not looked.is_readable:
        form.feed_url.errors = [looked.problem]
    if not is_valid or form.errors:
        return _page(form, looked=looked), 422
    try:
        with transaction(runtime().sessions) as session:
            if not setup.claim(session):
                raise NotFound("Broadsheet is set up already. You can log in.")
            operator, newsletter = _make(session, form, feed_title=looked.title if looked else "")
            missing = queries.missing_for_sending(newsletter)
    except InvalidInput as error:
        form.complain(error, default="newsletter_name")
        return _page(form, looked=looked), 422
    if looked is not None:
        runtime().dispatcher.wake(TaskName.POLL_SOURCES)
    _greet(newsletter, missing)
    return let_in(operator, navigation.first_page())


def _admit(token: str) -> None:
    if not setup.is_setup_token(runtime().settings, token):
        raise NotFound("This is not the set-up address. It is printed when Broadsheet starts.")
    with runtime().sessions() as session:
        if not setup.is_open(session):
            raise NotFound("Broadsheet is set up already. You can log in.")


def _look(form: SetupForm) -> feeds.Looked | None:
    if form.feed_url.errors or not form.feed_address:
        return None
    return feeds.look(form.feed_address)


def _check_feed(form: SetupForm) -> ResponseReturnValue:
    try:
        address = form.feed_address
    except InvalidInput as error:
        form.complain(error, default="feed_url")
        return _page(form), 422
    if not address:
        form.complain(InvalidInput("Enter the address of a feed first."), default="feed_url")
        return _page(form), 422
    looked = feeds.look(address)
    return _page(form, looked=looked), 200 if looked.is_readable else 422


def _make(session: Session, form: SetupForm, *, feed_title: str) -> tuple[Operator, Newsletter]:
    with _said_of("operator"):
        operator = accounts.create(
            session,
            email=form.operator_email.data or "",
            name=form.operator_name.data or "",
            role=Role.ADMIN,
            password=form.password.data or "",
            actor="set-up",
            now=now(),
        )
    actor = accounts.actor_of(operator)
    with _said_of("sender"):
        sender = senders.create(session, _sender(form), actor=actor, now=now())
    with _said_of("newsletter"):
        draft = changes.NewsletterDraft(
            name=form.newsletter_name.data or "",
            sender_id=sender.id,
            tagline=form.tagline.data or "",
            home_url=form.home_url.data or "",
        )
        newsletter = changes.create(session, draft, actor=actor, now=now())
    with _said_of("topic"):
        for name in form.topic_names:
            namesakes.take(session, topics.add(session, newsletter, name=name, actor=actor, now=now()))
    if form.feed_address:
        with _said_of("source"):
            sources.add(session, newsletter, url=form.feed_address, name=feed_title, now=now())
    return operator, newsletter


def _sender(form: SetupForm) -> senders.SenderDraft:
    return senders.SenderDraft(
        name=form.sender_name.data or "",
        email=form.sender_email.data or "",
        postal_address=form.postal_address.data or "",
    )


@contextmanager
def _said_of(part: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        field = error.field or ""
        raise InvalidInput(str(error), field=_FIELDS[part].get(field, field)) from error


def _greet(newsletter: Newsletter, missing: list[str]) -> None:
    address = runtime().links.newsletter(newsletter.slug)
    page.say(f"“{newsletter.name}” is set up. Readers can sign up at {address}")
    if missing:
        page.warn("Nothing is sent until this is done: " + " ".join(missing))


def _page(form: SetupForm, *, looked: feeds.Looked | None = None) -> str:
    settings = runtime().settings
    return render_template(
        "admin/setup.html", form=form, looked=looked, relay=settings.relay, base_url=settings.base_url
    )
