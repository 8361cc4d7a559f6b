"""Wake-ups for delivery. The rows say what to send; these only say: look now."""

from service.blasts import sending
from service.bootstrap import delivery_engine, journals, senders
from service.clock import utc_now
from service.db import transaction
from service.delivery import sweeper
from service.delivery.models import Stream
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import bulk_slots, room, stopping

#: A task ends long before Redis would hand its message to somebody else.
BUDGET_SECONDS = 60


@app.task(name=TaskName.DELIVER_TRANSACTIONAL)
def deliver_transactional() -> None:
    """Send confirmations and other mail that somebody waits for."""
    delivery_engine(runtime()).deliver([Stream.TRANSACTIONAL], stop=stopping.is_set, seconds=BUDGET_SECONDS)


@app.task(name=TaskName.DELIVER_BULK)
def deliver_bulk() -> None:
    """Send digests and blasts, leaving the rest of the pool free for everything else."""
    with room(bulk_slots, senders(runtime())) as free:
        if free:
            delivery_engine(runtime()).deliver(
                [Stream.DIGEST, Stream.BLAST], stop=stopping.is_set, seconds=BUDGET_SECONDS
            )


@app.task(name=TaskName.SWEEP)
def sweep() -> None:
    """Give back what killed workers held, expire what is too old, close what adds up."""
    sweeper.sweep(runtime().sessions, journals=journals(runtime()), now=utc_now())
    with transaction(runtime().sessions) as session:
        sending.finish_done(session, now=utc_now())
