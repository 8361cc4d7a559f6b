"""Wake-ups for blasts."""

from service.blasts import sending
from service.clock import utc_now
from service.dispatch import TaskName
from tasks.app import app
from tasks.base import runtime
from tasks.process import planning_slots, room


@app.task(name=TaskName.FAN_OUT_BLASTS)
def fan_out() -> None:
    """Begin what is due, write ledger rows slice by slice, watch what is on its way, then wake delivery."""
    here = runtime()
    with room(planning_slots) as free:
        if free:
            sending.start_due(here.sessions, links=here.links, now=utc_now())
            sending.keep_watch(here.sessions, now=utc_now())
            sending.fan_out(here.sessions, now=utc_now())
    here.dispatcher.wake(TaskName.DELIVER_BULK)
