"""People and workers who get in each other's way (rows 23, 25 to 30 of the matrix)."""

import threading
import time
from datetime import UTC, datetime

from sqlalchemy import select

from service.blasts import audience, drafts, sending
from service.blasts.models import Blast
from service.db import transaction
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Message
from service.dispatch import TaskName
from service.newsletters.models import Newsletter
from service.subscribers import unsubscribe
from service.subscribers.consent import Circumstances
from tests.faults.processes import until
from tests.faults.run import Run


def five_at_once(run: Run) -> None:
    """The same wake-up five times and more, to workers that all run it."""
    run.world.relay.script(delay=0.01)
    run.world.wake(*[TaskName.DELIVER_BULK, TaskName.DELIVER_TRANSACTIONAL, TaskName.SWEEP] * 8)
    run.fault_is_over()


def planned_twice(run: Run) -> None:
    """A planner that dies and starts over, while its first rows are being sent already."""
    run.go(delay=0.01)
    run.under_way(5)
    with transaction(run.world.runtime.sessions) as session:
        for mailing_id in (run.plan.blast, run.plan.digest):
            mailing = session.get_one(Mailing, mailing_id)
            rows = session.scalars(select(Message).where(Message.mailing_id == mailing_id)).all()
            again = [
                NewMessage(
                    row.dedupe_key,
                    row.kind,
                    row.due_at,
                    subscriber_id=row.subscriber_id,
                    subscription_id=row.subscription_id,
                    recipe_id=row.recipe_id,
                )
                for row in rows
            ]
            ledger.put(session, mailing, again, now=datetime.now(UTC))
    run.fault_is_over()
    run.wake()


def readers_leave(run: Run) -> None:
    """Readers unsubscribe while their mail is at every stage of its way."""
    run.go(delay=0.03)
    run.under_way(2)
    rows = run.world.sql(
        "SELECT subscription_id, email FROM messages m JOIN subscribers s ON s.id = m.subscriber_id "
        "WHERE mailing_id IN (:blast, :digest) AND email <> ALL(:no) ORDER BY m.id",
        blast=run.plan.blast,
        digest=run.plan.digest,
        no=sorted(run.plan.suppressed | run.plan.left),
    )
    run.allowed |= {"cancelled", "skipped"}
    for subscription_id, email in run.dice.sample(rows, 25):
        with transaction(run.world.runtime.sessions) as session:
            unsubscribe.unsubscribe(
                session,
                int(str(subscription_id)),
                circumstances=Circumstances(channel="one-click"),
                now=datetime.now(UTC),
            )
        run.unsubscribed[str(email)] = time.time()
        time.sleep(0.01)
    run.fault_is_over()


def stopped(run: Run) -> None:
    """An operator stops the blast in the middle."""
    run.allowed |= {"cancelled"}
    run.go(delay=0.03)
    run.under_way(run.dice.randrange(1, 30))
    with transaction(run.world.runtime.sessions) as session:
        mailings.stop(session, run.plan.blast, now=datetime.now(UTC))
    run.stopped[run.plan.blast] = time.time()
    run.fault_is_over()


def paused(run: Run) -> None:
    """An operator pauses the blast and goes on with it."""
    run.go(delay=0.02)
    run.under_way(run.dice.randrange(1, 30))
    for move in (mailings.pause, mailings.resume):
        with transaction(run.world.runtime.sessions) as session:
            move(session, run.plan.blast, now=datetime.now(UTC))
        time.sleep(run.dice.uniform(0.2, 1.5))
    run.fault_is_over()
    run.wake()


def send_pressed_often(run: Run) -> None:
    """Two operators press "send" several times; Redis is fine, their fingers are not."""
    run.go(delay=0.0)
    sessions, now = run.world.runtime.sessions, datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = session.scalars(select(Newsletter).order_by(Newsletter.id).limit(1)).one()
        blast = drafts.create(
            session,
            newsletter,
            subject="Once",
            body_markdown="Only once.",
            topic_ids=[],
            operator_id=1,
            now=now,
        )
        blast_id = blast.id
        count = audience.measure(session, blast, now=now).count

    def press() -> None:
        with transaction(sessions) as session:
            sending.start(
                session,
                blast_id,
                confirmed_count=count,
                links=run.world.runtime.links,
                actor="operator 1",
                now=now,
            )
        run.world.wake(TaskName.FAN_OUT_BLASTS)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with run.world.runtime.sessions() as session:
        run.plan.extra = session.get_one(Blast, blast_id).mailing_id or 0
    run.fault_is_over()
    until(
        lambda: run.world.sql("SELECT 1 FROM mailings WHERE id = :id AND planned", id=run.plan.extra),
        seconds=60,
        sentence="The blast was not planned.",
    )
    run.expected_extra = count


def poison(run: Run) -> None:
    """A few messages break their own composing: they are set aside, the rest goes on."""
    run.allowed |= {"failed"}
    wanted = "mailing_id = :id AND id % 9 = 0 AND subscription_id = ANY(:wanted)"
    for mailing_id, change in (
        (run.plan.blast, "kind = 'unheard of'"),
        (run.plan.digest, "recipe_id = 0"),
    ):
        run.world.sql(
            f"UPDATE messages SET {change} WHERE {wanted}",  # constants
            id=mailing_id,
            wanted=run.plan.wanted,
        )
    run.go()
    run.fault_is_over()
