"""Sources: the feeds, how they do, adding one after a look at it, polling one now."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField

from service import audit
from service.articles import queries, sources
from service.articles.models import Source
from service.db import transaction
from service.dispatch import TaskName
from service.errors import InvalidInput
from service.newsletters import checks
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.web.admin import auth, feeds, page, words
from service.web.admin.fields import ConsoleForm, checked, option
from service.web.context import now, runtime

blueprint = Blueprint("console_sources", __name__, url_prefix="/console/sources")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

#: Of the last looks, on the page of a source.
LOOKS = 30


class SourceForm(ConsoleForm):
    url = StringField(
        "Address of the feed", [checked(checks.web_address, required="Enter the address of a feed.")]
    )
    name = StringField("Name", [checked(checks.line, longest=80)])
    default_topic_id = SelectField("Topic of articles without a known category", coerce=int)
    poll_minutes = IntegerField(
        "Minutes between two looks", [checked(checks.number, least=1, most=1440)], default=15
    )
    enabled = BooleanField("Poll this feed", default=True)

    def offer(self, newsletter: Newsletter) -> None:
        """Fill the choice of topics."""
        topics = [option(topic.id, topic.name) for topic in newsletter.open_topics]
        self.default_topic_id.choices = [option(0, "none: wait until a category is mapped"), *topics]

    def values(self) -> dict[str, object]:
        return {
            "url": checks.web_address(self.url.data or "", field="url"),
            "name": self.name.data or "",
            "default_topic_id": self.default_topic_id.data or None,
            "poll_minutes": self.poll_minutes.data or 0,
        }


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the feeds of every newsletter; a fragment of it refreshes itself."""
    with runtime().sessions() as session:
        groups = [
            (
                newsletter,
                queries.list_sources(session, newsletter.id, now=now()),
                _waiting(session, newsletter),
            )
            for newsletter in newsletters.list_open(session)
        ]
    name = "admin/_sources_list.html" if "HX-Request" in request.headers else "admin/sources.html"
    return render_template(name, groups=groups, now=now())


@blueprint.get("/new/<int:newsletter_id>")
def new(newsletter_id: int) -> ResponseReturnValue:
    auth.require(Role.EDITOR)
    with runtime().sessions() as session:
        newsletter = newsletters.get(session, newsletter_id)
        form = SourceForm(formdata=None)
        form.offer(newsletter)
    return _form_page(form, newsletter)


@blueprint.post("/new/<int:newsletter_id>")
def create(newsletter_id: int) -> ResponseReturnValue:
    """Look at the feed; add it when it can be read and adding was asked for."""
    form, newsletter = _form(newsletter_id)
    if not form.validate():
        return _form_page(form, newsletter), 422
    looked = feeds.look(checks.web_address(form.url.data or "", field="url"))
    if "check" in request.form or not looked.is_readable:
        return _form_page(form, newsletter, looked=looked), 200 if looked.is_readable else 422
    try:
        with transaction(runtime().sessions) as session:
            values = form.values() | {"name": form.name.data or looked.title}
            source = sources.add(session, newsletters.get(session, newsletter_id), **values, now=now())  # type: ignore[arg-type]  # each key has its type
            _note(session, "source.added", source)
    except InvalidInput as error:
        form.complain(error, default="url")
        return _form_page(form, newsletter), 422
    runtime().dispatcher.wake(TaskName.POLL_SOURCES)
    page.say(f"“{source.name}” is added, and its articles are being fetched.")
    return redirect(url_for(".index"))


@blueprint.get("/<int:source_id>")
def edit(source_id: int) -> ResponseReturnValue:
    with runtime().sessions() as session:
        source = sources.get(session, source_id)
        newsletter = newsletters.get(session, source.newsletter_id)
        form = SourceForm(formdata=None, obj=source, default_topic_id=source.default_topic_id or 0)
        form.offer(newsletter)
    return _form_page(form, newsletter, source=source)


@blueprint.post("/<int:source_id>")
def save(source_id: int) -> ResponseReturnValue:
    """Change a feed; a new address is looked at first."""
    with runtime().sessions() as session:
        source = sources.get(session, source_id)
    form, newsletter = _form(source.newsletter_id)
    if not form.validate():
        return _form_page(form, newsletter, source=source), 422
    address = checks.web_address(form.url.data or "", field="url")
    if "check" in request.form or address != source.url:
        looked = feeds.look(address)
        if "check" in request.form or not looked.is_readable:
            status = 200 if looked.is_readable else 422
            return _form_page(form, newsletter, source=source, looked=looked), status
    try:
        with transaction(runtime().sessions) as session:
            enabled = bool(form.enabled.data)
            source = sources.edit(session, source_id, **form.values(), enabled=enabled, now=now())  # type: ignore[arg-type]  # each key has its type
            _note(session, "source.changed", source)
    except InvalidInput as error:
        form.complain(error, default="url")
        return _form_page(form, newsletter, source=source), 422
    runtime().dispatcher.wake(TaskName.POLL_SOURCES)
    page.say("Saved.")
    return redirect(url_for(".index"))


@blueprint.post("/<int:source_id>/poll")
def poll(source_id: int) -> ResponseReturnValue:
    """Make the feed due at once and wake a worker; switches it on again if it was off."""
    with transaction(runtime().sessions) as session:
        source = sources.poll_now(session, source_id, now=now())
        _note(session, "source.polled", source)
    runtime().dispatcher.wake(TaskName.POLL_SOURCES)
    page.say(f"“{source.name}” is polled now; this page shows the outcome in a few seconds.")
    return redirect(_back(source_id))


@blueprint.post("/<int:source_id>/pause")
def pause(source_id: int) -> ResponseReturnValue:
    """Poll the feed no more until somebody switches it on; what it brought stays in the pools."""
    with transaction(runtime().sessions) as session:
        source = sources.pause(session, source_id)
        _note(session, "source.paused", source)
    page.say(f"“{source.name}” is paused. What it brought may still be sent.")
    return redirect(_back(source_id))


def _back(source_id: int) -> str:
    is_own = request.form.get("from") == "source"
    return url_for(".edit", source_id=source_id) if is_own else url_for(".index")


def _form(newsletter_id: int) -> tuple[SourceForm, Newsletter]:
    form = SourceForm()
    with runtime().sessions() as session:
        newsletter = newsletters.get(session, newsletter_id)
        form.offer(newsletter)
    return form, newsletter


def _waiting(session: Session, newsletter: Newsletter) -> int:
    return queries.count_unmapped(session, newsletter.id)


def _note(session: Session, action: str, source: Source) -> None:
    audit.record(
        session,
        actor=actor_of(auth.current_operator()),
        action=action,
        subject=f"source {source.id}",
        now=now(),
        after={"name": source.name, "url": source.url, "enabled": source.enabled},
    )


def _form_page(
    form: SourceForm,
    newsletter: Newsletter,
    *,
    source: Source | None = None,
    looked: feeds.Looked | None = None,
) -> str:
    health = None
    if source is not None:
        with runtime().sessions() as session:
            health = queries.health_of(session, source, looks=LOOKS, now=now())
    return render_template(
        "admin/source_edit.html",
        form=form,
        newsletter=newsletter,
        source=source,
        health=health,
        looked=looked,
        now=now(),
    )
