"""The audit log: who did what and when, and what it was before. Nobody can change a line of it."""

from collections.abc import Iterator
from datetime import date

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from service.operators.models import Role
from service.ops import audit_log
from service.ops.audit_log import Wanted
from service.web.admin import auth, csv_file, subjects
from service.web.context import now, runtime

blueprint = Blueprint("console_audit", __name__, url_prefix="/console/audit")
auth.protect(blueprint, change=Role.ADMIN)


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show what matches, the newest first."""
    wanted, problem = _wanted()
    before = request.args.get("before", type=int)
    with runtime().sessions() as session:
        found = audit_log.list_page(session, wanted, before=before, limit=audit_log.SHOWN + 1)
        actions, actors = audit_log.list_actions(session), audit_log.list_actors(session)
    lines = found[: audit_log.SHOWN]
    chosen = _chosen()
    more = len(found) > audit_log.SHOWN
    return render_template(
        "admin/audit.html",
        lines=lines,
        wanted=wanted,
        chosen=chosen,
        problem=problem,
        before=before,
        actions=actions,
        actors=actors,
        page_of=subjects.page_of,
        older=_address(".index", **chosen, before=str(lines[-1].id)) if more else None,
        newest=_address(".index", **chosen),
        file=_address(".file", **chosen),
    ), 422 if problem else 200


@blueprint.get("/audit.csv")
def file() -> Response:
    """The same as a file, whole."""
    wanted, _ = _wanted()
    head = ("number", "at (UTC)", "who", "actor", "action", "about", "what changed")
    return csv_file.download(f"audit-{now():%Y-%m-%d}.csv", head, _rows(wanted))


def _rows(wanted: Wanted) -> Iterator[tuple[object, ...]]:
    with runtime().sessions() as session:
        for line in audit_log.every(session, wanted):
            what = "; ".join(change.in_words() for change in line.changes)
            at = line.at.strftime("%Y-%m-%d %H:%M:%S")
            yield line.id, at, line.who, line.actor, line.action, line.subject, what


def _wanted() -> tuple[Wanted, str]:
    problem, days = "", []
    for name in ("from", "to"):
        text = request.args.get(name, "").strip()
        try:
            days.append(date.fromisoformat(text) if text else None)
        except ValueError:
            days.append(None)
            problem = "Write a day as year, month and day: 2026-11-25."
    asked = {
        name: request.args.get(name, "").replace("\0", "").strip() for name in ("actor", "action", "subject")
    }
    return Wanted(**asked, first_day=days[0], last_day=days[1]), problem


def _address(endpoint: str, **values: str) -> str:
    return url_for(endpoint, **values)  # type: ignore[arg-type]  # Flask types its values one by one


def _chosen() -> dict[str, str]:
    names = ("actor", "action", "subject", "from", "to")
    return {name: request.args[name] for name in names if request.args.get(name)}
