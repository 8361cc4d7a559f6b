"""Housekeeping: what may not be kept is deleted, what is over is closed (standards 130, 138)."""

from collections.abc import Callable
from datetime import datetime

from service.db import Sessions, transaction
from service.digests import editions, restoring
from service.operators import login
from service.operators import sessions as logins
from service.ops import heartbeats
from service.popularity import clicks, salts
from service.subscribers import purging

Duty = Callable[..., object]

#: Each in a transaction of its own: one that fails keeps none of the others from being done.
DUTIES: tuple[Duty, ...] = (
    purging.purge_unconfirmed,
    clicks.forget_clicks,
    salts.forget_salts,
    login.purge_failures,
    logins.purge,
    heartbeats.forget_silent,
    restoring.give_back,
    editions.close_over,
)


def maintain(sessions: Sessions, *, now: datetime) -> None:
    """Do every duty once; doing them twice does no harm.

    :raises ExceptionGroup: with what went wrong, after all the others were done.
    """
    failures: list[Exception] = []
    for duty in DUTIES:
        try:
            with transaction(sessions) as session:
                duty(session, now=now)
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("Some housekeeping failed; the next round tries again.", failures)
