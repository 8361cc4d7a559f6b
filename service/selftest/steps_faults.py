"""What goes wrong: a worker is killed in the middle of a blast."""

import os
import re
import signal
from collections import Counter

from sqlalchemy import select

from service.delivery import accounting
from service.delivery.models import Mailing, Message, MessageState, Stream
from service.selftest.checks import CheckFailed, check
from service.selftest.steps_operator import account_on, accounts_close, send_blast, write_blast
from service.selftest.world import World
from service.subscribers.models import Subscriber

#: A reader's address, or a link of a mail.
_PRIVATE = re.compile(r"@(?:reader|crowd)\.example|/(?:c|p|u|r|never)/[\w.-]{20}")
#: The page of one message.
_MESSAGE = re.compile(r"/console/queue/messages/\d+/\d+$")
#: Mails of the blast that go out whole before the worker dies.
BEFORE = 10


def kill_worker(world: World) -> str:
    """Kill -9 the worker while the relay's answers to final dots are under way, one on each connection.

    Those mails alone may be unknown; everybody else gets the blast exactly once, and who left gets nothing.
    """
    subject = "The presses stop for a moment"
    draft = write_blast(world, subject)
    world.gate.hold_after(BEFORE)
    send_blast(world, draft, readers=len(world.consenting))
    world.eventually(world.gate.holding.is_set, "The blast did not begin to go out.")
    _kill_and_wait(world)
    mailing_id = _latest_blast(world)
    world.eventually(
        lambda: _settled(world, mailing_id),
        "The blast did not go on after the worker was killed.",
        seconds=60,
    )
    world.quiet()
    unknown = _everybody_once(world, subject, mailing_id)
    shown = account_on(world.operator.open(f"/console/queue/{mailing_id}"))
    check(shown[3] == len(unknown), "The mailing's page does not show what is unknown.")
    accounts_close(world)
    _decide(world, len(unknown))
    return f"{shown[0]} sent, {len(unknown)} unknown"


def _kill_and_wait(world: World) -> None:
    pid = world.supervisor.pid_of("worker")
    if pid is None:
        raise CheckFailed("The worker is not running.")
    os.kill(pid, signal.SIGKILL)
    world.eventually(
        lambda: world.supervisor.pid_of("worker") not in (None, pid),
        "The killed worker was not started again.",
    )
    world.gate.release()


def _decide(world: World, count: int) -> None:
    """The operator is shown the mails that nobody can know about, and leaves each."""
    browser = world.operator
    waiting = _undecided(world)
    check(len(waiting) == count, f"The console shows {len(waiting)} of {count} unknown mails.")
    for href in waiting:
        page = browser.open(href)
        browser.press(page, page.form(action="/leave"), "Leave")
    check(not _undecided(world), "An unknown mail could not be decided.")


def _undecided(world: World) -> list[str]:
    page = world.operator.open("/console/queue/messages/?state=undecided")
    return list(dict.fromkeys(href for _, href in page.links if _MESSAGE.search(href)))


def logs_are_private(world: World) -> None:
    """Whatever happened so far, no log names a reader or holds a link that acts for one."""
    for file in sorted(world.logs.glob("*.log")):
        lines = file.read_text(errors="replace").splitlines()
        found = next((n for n, line in enumerate(lines, start=1) if _PRIVATE.search(line)), 0)
        check(not found, f"Line {found} of {file.name} holds a reader's address or link.")


def _settled(world: World, mailing_id: int) -> bool:
    with world.runtime.sessions() as session:
        account = accounting.recount(session, mailing_id)
    return account.pending == 0 and account.eligible == len(world.consenting)


def _latest_blast(world: World) -> int:
    with world.runtime.sessions() as session:
        found = session.scalars(
            select(Mailing.id).where(Mailing.stream == Stream.BLAST).order_by(Mailing.id.desc()).limit(1)
        ).one_or_none()
    if found is None:
        raise CheckFailed("The blast has no mailing.")
    return found


def _everybody_once(world: World, subject: str, mailing_id: int) -> set[str]:
    """Hold the inbox against the ledger; return who is unknown."""
    copies = Counter(world.blast_recipients(subject))
    states = _states(world, mailing_id)
    for address, mails in world.left.items():
        check(copies[address] == 0, "A blast went to a reader who had left.")
        check(world.mailbox.count(to=address) == mails, "A reader who had left got another mail.")
    check(set(states) == set(world.consenting), "The ledger does not hold a row for every reader.")
    twice = sum(count > 1 for count in copies.values())
    check(twice == 0, f"{twice} readers got the blast twice.")
    lost = [one for one, state in states.items() if state is MessageState.SENT and copies[one] != 1]
    check(not lost, f"The ledger says sent of {len(lost)} mails that the inbox does not hold.")
    unknown = {one for one, state in states.items() if state is MessageState.UNKNOWN}
    others = {one for one, state in states.items() if state is not MessageState.SENT} - unknown
    check(not others, f"{len(others)} readers neither got the blast nor are they called unknown.")
    check(
        1 <= len(unknown) <= world.gate.held,
        f"{len(unknown)} mails are unknown; nobody can know about {world.gate.held}, and about no others.",
    )
    return unknown


def _states(world: World, mailing_id: int) -> dict[str, MessageState]:
    """Return what the ledger says of each reader."""
    query = (
        select(Subscriber.email, Message.state)
        .join(Message, Message.subscriber_id == Subscriber.id)
        .where(Message.mailing_id == mailing_id)
    )
    with world.runtime.sessions() as session:
        return dict(session.execute(query).tuples().all())
