"""The domains that senders use, with what the DNS should say of them, and the latest look at what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.audit import AuditEntry
from service.delivery.dkim_keys import KeyFolder, KeyUnusable
from service.delivery.headers import domain_of
from service.dns.findings import Finding, Grade, worst
from service.dns.sending import PublicKey, Sending
from service.errors import InvalidInput, NotFound
from service.newsletters import queries
from service.settings import Settings

_CHECKED = "domain.checked"
#: Not the “domain” of recipients, which limits are set for.
_SUBJECT = "sending domain "


@dataclass(frozen=True, slots=True)
class LastLook:
    """What was found when somebody last looked a domain up."""

    at: datetime
    #: By kind of record: spf, dkim, dmarc, ptr, mx.
    grades: dict[str, Grade]

    @property
    def worst(self) -> Grade:
        return worst(list(self.grades.values()))


def list_domains(session: Session) -> dict[str, list[str]]:
    """Return the domains of all senders, each with its senders' names."""
    found: dict[str, list[str]] = {}
    for sender in queries.list_senders(session):
        try:
            found.setdefault(domain_of(sender.email), []).append(sender.name)
        except InvalidInput:
            continue
    return found


def sending(domain: str, *, settings: Settings, folder: KeyFolder) -> Sending:
    """Describe how this domain's mail leaves; keys that cannot be read are said, not raised."""
    keys, problem = _keys(domain, folder)
    return Sending(
        domain=domain,
        relays=tuple(relay.host for relay in settings.relays),
        helo_name=settings.helo_name or "",
        keys=keys,
        key_problem=problem,
    )


def check_known(session: Session, domain: str) -> str:
    """Return the domain of a sender.

    :raises NotFound: nobody sends under it, and nothing is looked up for the curious.
    """
    if domain not in list_domains(session):
        raise NotFound("No sender uses this domain.")
    return domain


def note_look(
    session: Session, domain: str, findings: Sequence[Finding], *, actor: str, now: datetime
) -> LastLook:
    """Write down what was found, for the list and the audit log."""
    kinds = dict.fromkeys(each.kind for each in findings)
    grades = {kind: worst([each.grade for each in findings if each.kind == kind]) for kind in kinds}
    audit.record(
        session,
        actor=actor,
        action=_CHECKED,
        subject=f"{_SUBJECT}{domain}",
        now=now,
        after={kind: grade.value for kind, grade in grades.items()},
    )
    return LastLook(now, grades)


def last_look(session: Session, domain: str) -> LastLook | None:
    """Return the latest look that was written down."""
    query = select(AuditEntry).where(
        AuditEntry.subject == f"{_SUBJECT}{domain}", AuditEntry.action == _CHECKED
    )
    entry = session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).one_or_none()
    if entry is None:
        return None
    known = set(Grade)
    return LastLook(
        entry.at, {kind: Grade(grade) for kind, grade in (entry.after or {}).items() if grade in known}
    )


def _keys(domain: str, folder: KeyFolder) -> tuple[tuple[PublicKey, ...], str]:
    found: list[PublicKey] = []
    try:
        active = folder.active(domain)
        for selector in dict.fromkeys([*active, *folder.selectors(domain)]):
            key = folder.load(domain, selector)
            found.append(PublicKey(selector, key.dns_name, key.dns_value, active=selector in active))
    except KeyUnusable as error:
        return tuple(found), str(error)
    return tuple(found), ""
