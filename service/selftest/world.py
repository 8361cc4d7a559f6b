"""What the steps of one self-test share: the installation, its visitors, and what happened so far."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from service.bootstrap import Runtime
from service.clock import utc_now
from service.delivery.models import PENDING, Message
from service.embedded.stack import Stack
from service.embedded.supervisor import Supervisor
from service.selftest.browser import Browser, Page
from service.selftest.checks import check, eventually
from service.selftest.feed import FeedServer
from service.selftest.gate import Gate
from service.selftest.mailbox import Mail, Mailbox

READER = "anna@reader.example"
OPERATOR = "desk@gazette.example"
PASSWORD = "four grey herons wait"  # noqa: S105  (of an installation that lives for a minute)
NEWSLETTER = "The Selftest Gazette"
CROWD = tuple(f"reader{number:02d}@crowd.example" for number in range(1, 41))


@dataclass
class World:
    """One running installation and everybody around it."""

    stack: Stack
    runtime: Runtime
    supervisor: Supervisor
    feed: FeedServer
    gate: Gate
    mailbox: Mailbox
    operator: Browser
    reader: Browser
    #: Set when somebody pressed Ctrl-C.
    stopped: threading.Event
    #: Mails that steps refer back to, by name.
    mails: dict[str, Mail] = field(default_factory=dict)
    #: Pages and addresses that steps refer back to, by name.
    pages: dict[str, Page] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    #: Who confirmed and asked for announcements, at this point of the story.
    consenting: list[str] = field(default_factory=lambda: [READER])
    #: Who left, and how many mails each had by then.
    left: dict[str, int] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        return self.stack.data.logs

    def now(self) -> datetime:
        return utc_now()

    def eventually(self, find: Callable[[], object], sentence: str, *, seconds: float = 20) -> None:
        """Wait until something holds.

        :raises CheckFailed: it did not hold in time, or everything is being stopped.
        """
        eventually(find, sentence, seconds=seconds, given_up=self.stopped.is_set)

    def blast_recipients(self, subject: str) -> list[str]:
        """Return the readers who got a blast, one entry per mail."""
        return [address for address in self.mailbox.recipients(subject=subject) if address != OPERATOR]

    def quiet(self) -> None:
        """Wait until nothing is on its way any more.

        :raises CheckFailed: something still is after a while.
        """

        def done() -> bool:
            with self.runtime.sessions() as session:
                pending = select(Message.id).where(Message.state.in_(PENDING)).limit(1)
                return session.scalar(pending) is None

        self.eventually(done, "Mail is still on its way.")

    def stories(self, mail: Mail) -> list[str]:
        """Return the articles that the links of a digest lead to, in order."""
        found = []
        for link in mail.links:
            if "/r/" not in link:
                continue
            answer = self.reader.send("GET", link)
            check(answer.status_code == 302, f"A link of the digest answered {answer.status_code}, not 302.")
            target = answer.headers.get("Location", "")
            check(
                target.startswith(f"http://{self.feed.host}/"),
                "A link of the digest leads somewhere else than to an article of the feed.",
            )
            found.append(target.rpartition("/")[2])
        return found

    def close(self) -> None:
        """Let go of every connection."""
        with ExitStack() as closing:
            for browser in (self.operator, self.reader):
                closing.callback(browser.close)
            closing.callback(self.mailbox.close)
            closing.callback(self.runtime.engine.dispose)
