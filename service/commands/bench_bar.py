"""The progress bar of benchmarks."""

import sys

import click

_BAR = 40


class Bar:
    """Progress for people, on standard error; quiet where nobody watches."""

    def __init__(self, verb: str, *, as_json: bool) -> None:
        self._verb = verb
        self._shown = not as_json and sys.stderr.isatty()

    def say(self, what: str) -> None:
        if self._shown:
            click.echo(f"\r\033[K  {what} …", nl=False, err=True)

    def sent(self, done: int, total: int) -> None:
        if self._shown:
            full = _BAR * done // max(total, 1)
            bar = "█" * full + "░" * (_BAR - full)
            click.echo(f"\r\033[K  {self._verb}  {bar}  {done:,} of {total:,}", nl=False, err=True)

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)
