"""`broadsheet dkim`: the keys that sign our mail."""

import json
from pathlib import Path

import click
from pydantic import ValidationError

from service.clock import utc_now
from service.delivery.dkim import SigningKey
from service.delivery.dkim_keys import FEWEST_BITS, MOST_BITS, KeyFolder, KeyUnusable, clean_domain, new_key
from service.errors import ConfigurationError, Conflict, NotFound, StartupError
from service.settings import Places

#: A DNS TXT record is made of strings of at most this many bytes (RFC 1035 3.3).
_STRING = 255


@click.group()
@click.option(
    "--keys",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder of the keys; left out, DKIM_KEYS_DIR, else `dkim` in the data folder (BROADSHEET_DATA).",
)
@click.pass_context
def dkim(ctx: click.Context, keys: Path | None) -> None:
    """Make, publish and rotate the keys that sign our mail.

    Receivers trust mail that is signed by the domain of its From address. The first time:

    \b
      broadsheet dkim create news.example.org      makes a key, prints a DNS record
      (publish the record, wait until `dig` shows it)
      broadsheet dkim activate news.example.org SELECTOR

    Every process signs with it within seconds, without a restart.

    To rotate, about once a year and whenever somebody may have read a key, do the same again: create a second
    key, publish its record, activate it. Leave the old record in the DNS for 12 days more (mails wait up to 5
    days in queues, and receivers may look a week later), then delete the record and the old file.

    A relay that rewrites Date or Message-ID (Amazon SES does) must sign by itself: make no key for it.
    """
    ctx.obj = keys


@dkim.command()
@click.argument("domain")
@click.option("--selector", default=None, help="Name of the key in the DNS; left out, made of the month.")
@click.option(
    "--bits",
    type=click.IntRange(FEWEST_BITS, MOST_BITS),
    default=2048,
    show_default=True,
    help="Size of an RSA key. Some DNS providers refuse the records of larger ones.",
)
@click.option(
    "--algorithm",
    type=click.Choice(["rsa", "ed25519"]),
    default="rsa",
    show_default=True,
    help="ed25519 makes a second signature beside RSA; off unless activated, few receivers need it.",
)
@click.pass_obj
def create(keys: Path | None, domain: str, selector: str | None, bits: int, algorithm: str) -> None:
    """Make a key for DOMAIN; it signs nothing before it is activated."""
    folder, domain = _folder(keys, to_write=True), clean_domain(domain)
    key = new_key(domain, selector or _next_selector(folder, domain), algorithm=algorithm, bits=bits)
    folder.add(key)
    click.echo(f"Made {folder.file(domain, key.selector)} ({_kind(key)}).\n\nPublish this record:\n")
    click.echo(_record(key))
    click.echo(
        f"\nWhen `dig +short TXT {key.dns_name}` shows it:\n"
        f"  broadsheet dkim activate {domain} {key.selector}"
    )


@dkim.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_keys(keys: Path | None, as_json: bool) -> None:
    """List every key, and which of them sign."""
    folder = _folder(keys)
    rows = [
        _row(folder, domain, selector)
        for domain in folder.domains()
        for selector in sorted({*folder.selectors(domain), *folder.active(domain)})
    ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(f"No keys in {folder.path}: mails go out unsigned. See: broadsheet dkim --help")
    for row in rows:
        state = "signs" if row["active"] else "kept"
        click.echo(f"{row['domain']:<32} {row['selector']:<16} {state:<6} {row['problem'] or row['kind']}")


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@click.pass_obj
def activate(keys: Path | None, domain: str, selector: str) -> None:
    """Sign DOMAIN's mail with SELECTOR from now on; its record must be in the DNS by now."""
    folder, domain = _folder(keys), clean_domain(domain)
    before = folder.active(domain)
    folder.activate(domain, selector)
    click.echo(f"{domain} is signed with {', '.join(folder.active(domain))}.")
    for old in before:
        if old not in folder.active(domain):
            click.echo(f"Leave the record of {old} in the DNS for 12 days more.")


@dkim.command()
@click.argument("domain")
@click.argument("selector")
@click.pass_obj
def deactivate(keys: Path | None, domain: str, selector: str) -> None:
    """Stop signing DOMAIN's mail with SELECTOR; the key stays in the folder."""
    folder, domain = _folder(keys), clean_domain(domain)
    folder.deactivate(domain, selector)
    left = ", ".join(folder.active(domain))
    click.echo(f"{domain} is signed with {left}." if left else f"Mails from {domain} go out unsigned.")


@dkim.command()
@click.argument("domain")
@click.option("--selector", default=None, help="Only this key's.")
@click.pass_obj
def record(keys: Path | None, domain: str, selector: str | None) -> None:
    """Print the DNS records of DOMAIN's keys, ready to copy."""
    folder, domain = _folder(keys), clean_domain(domain)
    known = folder.selectors(domain)
    if not known or (selector is not None and selector not in known):
        raise NotFound(f"{domain} has no such key; make one with: broadsheet dkim create {domain}")
    chosen = [selector] if selector is not None else known
    click.echo("\n\n".join(_record(folder.load(domain, each)) for each in chosen))


def _folder(keys: Path | None, *, to_write: bool = False) -> KeyFolder:
    if keys is not None:
        return KeyFolder(keys)
    try:
        places = Places()
    except ValidationError as error:
        raise ConfigurationError(f"The folders in the settings cannot be used: {error}.") from error
    if to_write and places.dkim_keys_dir is None and not places.data_dir.is_dir():
        raise StartupError(
            f"There is no data folder {places.data_dir}; start Broadsheet once, set BROADSHEET_DATA, or "
            "name a folder with: broadsheet dkim --keys FOLDER create ..."
        )
    return KeyFolder(places.dkim_folder)


def _next_selector(folder: KeyFolder, domain: str) -> str:
    month = f"bs-{utc_now():%Y-%m}"
    names = (month, *(f"{month}-{number}" for number in range(2, 100)))
    free = (name for name in names if name not in folder.selectors(domain))
    chosen = next(free, None)
    if chosen is None:
        raise Conflict(f"{domain} has a hundred keys of this month; name the next one with --selector.")
    return chosen


def _kind(key: SigningKey) -> str:
    return f"RSA, {key.bits} bits" if key.algorithm == "rsa" else "Ed25519"


def _row(folder: KeyFolder, domain: str, selector: str) -> dict[str, object]:
    kind, problem = "", ""
    try:
        kind = _kind(folder.load(domain, selector))
    except KeyUnusable as error:
        problem = str(error)
    return {
        "domain": domain,
        "selector": selector,
        "active": selector in folder.active(domain),
        "kind": kind,
        "problem": problem,
    }


def _record(key: SigningKey) -> str:
    """Show a record for both ways of entering it: a form with two fields, and a zone file."""
    value = key.dns_value
    strings = [value[start : start + _STRING] for start in range(0, len(value), _STRING)]
    zone = "\n".join(f'    "{each}"' for each in strings)
    return f"Name:  {key.dns_name}\nType:  TXT\nValue: {value}\n\n{key.dns_name}. IN TXT (\n{zone}\n)"
