"""What a person sees in the terminal while a local installation starts and runs."""

import shutil
import sys
import time
from collections.abc import Iterable

import click

WORDS = {
    "postgres": "Database",
    "valkey": "Queue",
    "inbox": "Inbox",
    "migrate": "Tables",
    "web": "Pages",
    "worker": "Worker",
    "beat": "Beat",
    "site": "News site",
}


class Front:
    """Prints one line per process as it becomes ready, and says when one had to be started again."""

    def __init__(self, title: str) -> None:
        self._begun = time.monotonic()
        self._up = False
        self._counting = 0.0
        click.secho(f"\n  {title}\n", bold=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def report(self, name: str, what: str, seconds: float) -> None:
        """Take what the supervisor says."""
        word = WORDS.get(name, name)
        if what == "ready" and not self._up:
            click.echo(f"  {word:<10} ready   {seconds:5.1f} s")
        elif what == "ready":
            click.echo(f"  {word} is running again.")
        elif what == "restarting":
            click.echo(f"  {word} ended and is started again.", err=True)

    def progress(self, what: str, share: float) -> None:
        """Say how far the sample data are: a bar that grows in a terminal, one line at the end elsewhere."""
        self._counting = self._counting or time.monotonic()
        if sys.stdout.isatty():
            bar = "█" * round(share * 24)
            click.echo(f"\r  {'Samples':<10} {bar:<24} {what:<12}", nl=False)
        if share >= 1:
            back = "\r" if sys.stdout.isatty() else ""
            line = f"  {'Samples':<10} ready   {time.monotonic() - self._counting:5.1f} s"
            click.echo(f"{back}{line:<50}")

    def stopping(self) -> None:
        click.echo("\n  Stopping; mail in flight is finished first.")

    def up(self, rows: Iterable[tuple[str, str]], *, hints: Iterable[str] = ()) -> None:
        """Show where to go, readable at a glance."""
        self._up = True
        rule = "─" * min(shutil.get_terminal_size().columns - 4, 76)
        click.echo(f"\n  {rule}")
        for label, value in rows:
            click.echo(f"  {label:<18} " + click.style(value, bold=True))
        click.echo(f"  {rule}")
        for hint in hints:
            click.echo(f"  {hint}")
        click.echo(f"\n  Up after {self.seconds:.1f} s. Ctrl-C stops everything; your data stays.\n")
        sys.stdout.flush()
