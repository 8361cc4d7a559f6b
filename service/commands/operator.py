"""`broadsheet operator`: accounts of the people who run Broadsheet."""

import json
import secrets

import click

from service import bootstrap, settings
from service.clock import utc_now
from service.db import transaction
from service.operators import accounts, queries
from service.operators.models import Role


@click.group()
def operator() -> None:
    """Create and list the people who run Broadsheet."""


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
    runtime = bootstrap.build(settings.load())
    chosen = password or "-".join(secrets.token_hex(2) for _ in range(5))
    with transaction(runtime.sessions) as session:
        made = accounts.create(
            session,
            email=email,
            name=name or email.partition("@")[0],
            role=Role(role),
            password=chosen,
            actor="command line",
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


@operator.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_operators(as_json: bool) -> None:
    """List every account with its role and state."""
    runtime = bootstrap.build(settings.load())
    with runtime.sessions() as session:
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
