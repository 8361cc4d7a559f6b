"""The `broadsheet` command. Each command lives in `service/commands/` and is loaded when it is called."""

import importlib
import sys

import click

from service.errors import BroadsheetError

#: name -> where it lives and what `broadsheet --help` says of it.
COMMANDS = {
    "demo": ("service.commands.demo:demo", "Try Broadsheet with a sample publication."),
    "up": ("service.commands.up:up", "Run a real, small installation on this machine."),
    "selftest": ("service.commands.selftest:selftest", "Check that this installation is sound."),
    "bench": ("service.commands.bench:bench", "Measure how fast this machine delivers."),
    "digest": ("service.commands.digest:digest", "See digests before they are sent."),
    "popularity": ("service.commands.popularity:popularity", "Judge counts again, or bring some in."),
    "operator": ("service.commands.operator:operator", "Create and list the people who run Broadsheet."),
    "dkim": ("service.commands.dkim:dkim", "Make, publish and rotate the keys that sign our mail."),
    "dns": ("service.commands.dns:dns", "Check SPF, DKIM, DMARC, PTR and MX of our senders' domains."),
    "web": ("service.commands.web:web", "Serve pages (production: one process of several)."),
    "worker": ("service.commands.worker:worker", "Run tasks: fetch, plan, send."),
    "beat": ("service.commands.beat:beat", "Tick; run exactly one (two do no harm)."),
    "migrate": ("service.commands.migrate:migrate", "Bring the database up to date."),
    "inbox": ("service.commands.inbox:inbox", "Run the development inbox."),
    "health": (
        "service.commands.health:health",
        "Say whether a process is alive (for container health checks).",
    ),
}


class LazyGroup(click.Group):
    """Imports a command only when it is called: `broadsheet beat` has no use for Flask."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="broadsheet")
def cli() -> None:
    """Newsletter subscriptions and every reader's own digest, on your own machine.

    Start with `broadsheet demo`; run it for real with `broadsheet up`, or as single processes
    (web, worker, beat) configured by the environment: DATABASE_URL, REDIS_URL, SMTP_URL, PUBLIC_URL,
    SECRET_KEY.
    """


def main() -> None:
    """Run the command; an error of ours is one clear sentence and exit status 1."""
    try:
        cli()
    except BroadsheetError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
