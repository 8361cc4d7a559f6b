"""Reports: a newsletter over time and every mailing of it, as numbers, plots and files."""

from collections.abc import Iterator
from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from service.errors import NotFound
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter
from service.operators.models import Role
from service.reports import days, results
from service.reports.days import Period
from service.reports.results import Measure, Result
from service.web.admin import auth, csv_file, plots, words
from service.web.context import now, runtime

blueprint = Blueprint("console_reports", __name__, url_prefix="/console/reports")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

SHOWN = 20
#: Days that may be asked for.
PERIODS = {28: "4 weeks", 91: "3 months", 365: "a year"}
_FIELDS = ("day", "active", "joined", "lost", "sent", "people", "machines", "complaints", "bounces")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show one newsletter over time."""
    before = request.args.get("before", type=int)
    with runtime().sessions() as session:
        offered = newsletters.list_all(session)
        newsletter = _chosen(offered)
        if newsletter is None:
            return render_template("admin/reports.html", newsletter=None, newsletters=offered)
        period = days.read(session, newsletter.id, first_day=_first_day())
        topics = days.topics(session, newsletter.id, first_day=_first_day())
        found = results.list_page(session, newsletter_id=newsletter.id, before=before, limit=SHOWN + 1)
    shown = found[:SHOWN]
    return render_template(
        "admin/reports.html",
        newsletter=newsletter,
        newsletters=offered,
        period=period,
        length=_length(),
        periods=PERIODS,
        topics=topics,
        drawn=_drawn(period),
        found=shown,
        before=before,
        following=shown[-1].mailing_id if len(found) > SHOWN else None,
        Measure=Measure,
    )


@blueprint.get("/days.csv")
def days_file() -> Response:
    """The days as a file."""
    with runtime().sessions() as session:
        newsletter = _chosen(newsletters.list_all(session))
        if newsletter is None:
            raise NotFound("There is no newsletter yet.")
        period = days.read(session, newsletter.id, first_day=_first_day())
    head = ("day (UTC)", "readers", "joined", "left", "sent", "clicks", "filtered", "complaints", "bounces")
    rows = ([getattr(day, name) for name in _FIELDS] for day in period.days)
    return csv_file.download(f"days-{newsletter.slug}.csv", head, rows)


@blueprint.get("/mailings.csv")
def mailings_file() -> Response:
    """Every mailing of a newsletter as a file."""
    with runtime().sessions() as session:
        newsletter = _chosen(newsletters.list_all(session))
    if newsletter is None:
        raise NotFound("There is no newsletter yet.")
    head = ("mailing", "title", "kind", "began (UTC)", "considered", "sent", "delivered", "clicks", "repeats")
    rest = ("filtered", "unsubscribed", "complaints", "hard bounces", "soft bounces")
    return csv_file.download(f"mailings-{newsletter.slug}.csv", head + rest, _mailing_rows(newsletter.id))


def _mailing_rows(newsletter_id: int) -> Iterator[tuple[object, ...]]:
    with runtime().sessions() as session:
        for each in results.every(session, newsletter_id=newsletter_id):
            yield _mailing_row(each)


def _mailing_row(each: Result) -> tuple[object, ...]:
    return (
        each.mailing_id,
        each.title,
        each.stream.value,
        f"{each.began_at:%Y-%m-%d %H:%M}",
        each.account.eligible,
        each.sent,
        each.delivered,
        each.people,
        each.repeats,
        each.machines,
        each.unsubscribed,
        each.complaints,
        each.hard_bounces,
        each.soft_bounces,
    )


def _drawn(period: Period) -> dict[str, plots.Plot]:
    when = [day.day for day in period.days]
    if not when:
        return {}
    span = f"from {when[0]:%-d %B} to {when[-1]:%-d %B}"
    active = [day.active for day in period.days]
    joined, lost = [day.joined for day in period.days], [day.lost for day in period.days]
    sent = [day.sent for day in period.days]
    people = [day.people for day in period.days]
    return {
        "readers": plots.line(when, active, words=f"Readers {span}: from {active[0]:,} to {active[-1]:,}"),
        "moves": plots.both_ways(
            when, joined, lost, words=f"{sum(joined):,} joined and {sum(lost):,} left {span}"
        ),
        "sent": plots.columns(when, sent, words=f"{sum(sent):,} mails sent {span}"),
        "people": plots.columns(when, people, words=f"{sum(people):,} clicks of people {span}"),
    }


def _chosen(offered: list[Newsletter]) -> Newsletter | None:
    wanted = request.args.get("newsletter", type=int)
    if wanted is None:
        return offered[0] if offered else None
    found = next((each for each in offered if each.id == wanted), None)
    if found is None:
        raise NotFound("There is no such newsletter.")
    return found


def _length() -> int:
    asked = request.args.get("days", type=int)
    return asked if asked in PERIODS else next(iter(PERIODS))


def _first_day() -> date:
    return now().date() - timedelta(days=_length() - 1)
