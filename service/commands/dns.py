"""`broadsheet dns`: what the DNS should say about our senders' domains, and what it says."""

import json

import click

from service.commands.connected import connected
from service.dns import advice
from service.dns.findings import Finding, Grade
from service.dns.lookup import SystemDns
from service.ops import domains

_MARKS = {Grade.GOOD: "ok", Grade.ATTENTION: "better", Grade.WRONG: "WRONG", Grade.UNCHECKED: "?"}


@click.command()
@click.argument("names", metavar="[DOMAIN]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, domain by domain.")
@click.option("--no-lookup", is_flag=True, help="Only print the records to publish.")
def dns(names: tuple[str, ...], as_json: bool, no_lookup: bool) -> None:
    """Check SPF, DKIM, DMARC, PTR and MX of the senders' domains; without DOMAIN of all.

    Exit status 1 says that something costs mail, 2 that the DNS could not be asked.
    """
    with connected() as runtime:
        with runtime.sessions() as session:
            known = domains.list_domains(session)
            chosen = [domains.check_known(session, name.lower()) for name in names] or list(known)
        found = {}
        for name in chosen:
            described = domains.sending(name, settings=runtime.settings, folder=runtime.keyring.folder)
            found[name] = advice.records(described) if no_lookup else advice.advise(described, SystemDns())
    if as_json:
        click.echo(json.dumps({name: [_plain(each) for each in each_of] for name, each_of in found.items()}))
    else:
        _tell(found, looked=not no_lookup)
    if not no_lookup:
        _leave([each.grade for findings in found.values() for each in findings])


def _leave(grades: list[Grade]) -> None:
    if Grade.WRONG in grades:
        raise SystemExit(1)
    if Grade.UNCHECKED in grades:
        raise SystemExit(2)


def _plain(finding: Finding) -> dict[str, object]:
    record = finding.record
    return {
        "kind": finding.kind,
        "grade": finding.grade.value,
        "said": list(finding.said),
        "publish": {"name": record.name, "type": record.type, "value": record.value} if record else None,
        "published": list(finding.published),
        "command": finding.command,
    }


def _tell(found: dict[str, tuple[Finding, ...]], *, looked: bool) -> None:
    if not found:
        click.echo("There is no sender yet; add one in the console.")
    for name, findings in found.items():
        click.echo(name)
        for finding in findings:
            mark = _MARKS[finding.grade] if looked else ""
            said = " ".join(finding.said) if looked or finding.grade is not Grade.UNCHECKED else ""
            if said or finding.record:
                click.echo(f"  {finding.kind.upper():<6}{mark:<8}{said}".rstrip())
            if finding.command:
                click.echo(f"                {finding.command}")
            if finding.record:
                click.echo(f"                {finding.record.zone_line}")
