"""`broadsheet operator`: accounts of the people who run Broadsheet."""

import json
import secrets

import click

from service.clock import utc_now
from service.commands.connected import connected
from service.db import transaction
from service.errors import NotFound
from service.operators import accounts, factors, queries
from service.operators.models import Role

#: Who did it, in the audit log.
ACTOR = "command line"


@click.group()
def operator() -> None:
    """Create and list the people who run Broadsheet; give one who is locked out a new password."""


@operator.command()
@click.argument("email")
@click.option(
    "--name", default="", help="Shown to colleagues; the part of the address before the @ if left out."
)
@click.option(
    "--role",
    type=click.Choice(list(Role)),
    default=Role.ADMIN,
    show_default=True,
    help="viewer looks, editor writes, sender sends, admin does everything.",
)
@click.option(
    "--password",
    envvar="OPERATOR_PASSWORD",
    default=None,
    help="Better left out: one is made and printed once. Scripts may set OPERATOR_PASSWORD.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(email: str, name: str, role: str, password: str | None, as_json: bool) -> None:
    """Make an account for EMAIL that can sign in at once.

    Needs DATABASE_URL and the other settings, like every process.
    """
    chosen = password or _new_password()
    with connected() as runtime, transaction(runtime.sessions) as session:
        made = accounts.create(
            session,
            email=email,
            name=name or email.partition("@")[0],
            role=Role(role),
            password=chosen,
            actor=ACTOR,
            now=utc_now(),
        )
        number = made.id
    if as_json:
        shown = {"id": number, "role": role, "console": runtime.links.console()}
        click.echo(json.dumps(shown if password else shown | {"password": chosen}))
        return
    click.echo(f"Made operator {number} ({role}). Sign in at {runtime.links.console()}")
    if password is None:
        click.echo(f"Password: {chosen}  (shown this once; change it under Account)")


@operator.command("password")
@click.argument("email")
@click.option(
    "--password",
    envvar="OPERATOR_PASSWORD",
    default=None,
    help="Better left out: one is made and printed once. Scripts may set OPERATOR_PASSWORD.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_password(email: str, password: str | None, as_json: bool) -> None:
    """Give the account of EMAIL a new password, for somebody who has forgotten theirs.

    Whoever is logged in to it anywhere is logged out.
    """
    chosen = password or _new_password()
    with connected() as runtime, transaction(runtime.sessions) as session:
        account = queries.find_by_email(session, email)
        if account is None:
            raise NotFound("There is no account with this address; `broadsheet operator list` shows all.")
        accounts.set_password(session, account, password=chosen, actor=ACTOR, now=utc_now())
        number = account.id
    if as_json:
        shown = {"id": number}
        click.echo(json.dumps(shown if password else shown | {"password": chosen}))
        return
    click.echo(f"Operator {number} has a new password, and is logged out everywhere.")
    if password is None:
        click.echo(f"Password: {chosen}  (shown this once; change it under Account)")


@operator.command("reset-factor")
@click.argument("email")
def reset_factor(email: str) -> None:
    """Take the second factor from the account of EMAIL, for somebody who lost theirs and has no colleague.

    The password stays. Whoever is logged in to it anywhere is logged out.
    """
    with connected() as runtime, transaction(runtime.sessions) as session:
        account = queries.find_by_email(session, email)
        if account is None:
            raise NotFound("There is no account with this address; `broadsheet operator list` shows all.")
        factors.reset(session, account, actor=ACTOR, now=utc_now())
        number = account.id
    click.echo(f"Operator {number} logs in with the password alone now, and should set up a new factor.")


@operator.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_operators(as_json: bool) -> None:
    """List every account with its role and state."""
    with connected() as runtime, runtime.sessions() as session:
        rows = [
            {
                "id": row.id,
                "email": row.email,
                "name": row.name,
                "role": row.role.value,
                "state": "disabled" if row.disabled_at else "active" if row.password_hash else "invited",
            }
            for row in queries.list_all(session)
        ]
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['id']:>4}  {row['email']:<40} {row['role']:<7} {row['state']}")


def _new_password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(5))
