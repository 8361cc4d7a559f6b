"""`broadsheet beat`: becomes Celery's beat."""

import os
import sys

import click

from service import settings


@click.command()
def beat() -> None:
    """Tick every few seconds; workers then ask the database what is due.

    Run one. A second one does no harm: whatever a tick finds due is claimed once.
    """
    settings.load()
    os.execv(  # noqa: S606  (no shell is meant)
        sys.executable,
        [
            sys.executable,
            "-m",
            "celery",
            "--app",
            "tasks.app",
            "--quiet",
            "beat",
            "--pidfile=",
            "--loglevel",
            "INFO",
        ],
    )
