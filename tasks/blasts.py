"""Wake-ups for blasts."""

from service.blasts import sending
from service.clock import utc_now
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import planning_slots, room


@app.task(name=TaskName.FAN_OUT_BLASTS)
def fan_out() -> None:
    """Write the ledger rows of blasts that have begun, slice by slice, then wake delivery."""
    with room(planning_slots) as free:
        if free:
            sending.fan_out(runtime().sessions, now=utc_now())
    runtime().dispatcher.wake(TaskName.DELIVER_BULK)
