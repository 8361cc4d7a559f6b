"""DNS advice: for each domain of senders the records to publish, and on request what is published."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from service.db import transaction
from service.dns import advice
from service.dns.findings import Finding, Grade
from service.dns.lookup import SystemDns
from service.dns.sending import Sending
from service.operators.accounts import actor_of
from service.operators.models import Role
from service.ops import domains
from service.ops.domains import LastLook
from service.web.admin import auth, words
from service.web.context import now, runtime

blueprint = Blueprint("console_domains", __name__, url_prefix="/console/settings/dns")
auth.protect(blueprint, change=Role.EDITOR)
words.install(blueprint)

#: Made anew for every look; tests put another in its place.
make_resolver = SystemDns


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """List the domains; with one alone there is no list."""
    with runtime().sessions() as session:
        rows = [
            (domain, names, domains.last_look(session, domain))
            for domain, names in domains.list_domains(session).items()
        ]
    return render_template("admin/domains.html", rows=rows, kinds=advice.KINDS)


@blueprint.get("/domain")
def domain() -> ResponseReturnValue:
    """Show what to publish; nothing is looked up before somebody asks."""
    with runtime().sessions() as session:
        name = domains.check_known(session, request.args.get("name", ""))
        last = domains.last_look(session, name)
    described = _sending(name)
    return _page(described, advice.records(described), last=last, looked=False)


@blueprint.post("/domain")
def look() -> ResponseReturnValue:
    """Look everything up, say what is wrong, and keep the result."""
    with runtime().sessions() as session:
        name = domains.check_known(session, request.form.get("name", ""))
    described = _sending(name)
    # No transaction is open while name servers talk.
    findings = advice.advise(described, make_resolver())
    with transaction(runtime().sessions) as session:
        last = domains.note_look(session, name, findings, actor=actor_of(auth.current_operator()), now=now())
    return _page(described, findings, last=last, looked=True)


def _sending(name: str) -> Sending:
    return domains.sending(name, settings=runtime().settings, folder=runtime().keyring.folder)


def _page(described: Sending, findings: tuple[Finding, ...], *, last: LastLook | None, looked: bool) -> str:
    silent = looked and all(
        each.grade is Grade.UNCHECKED for each in findings if each.kind in {"spf", "dmarc", "mx"}
    )
    return render_template(
        "admin/domains_domain.html",
        sending=described,
        groups=[
            (kind, *said, [each for each in findings if each.kind == kind])
            for kind, said in advice.KINDS.items()
        ],
        last=last,
        looked=looked,
        silent=silent,
        relays=runtime().settings.relays,
    )
