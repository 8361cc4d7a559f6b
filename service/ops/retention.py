"""Housekeeping: what may not be kept is deleted, what is over is closed (standards 130, 138)."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from service.articles import polls
from service.blasts import clicks as blast_clicks
from service.db import Sessions, transaction
from service.delivery import accounting, aging
from service.digests import editions, restoring
from service.operators import kept_forms, throttle
from service.operators import sessions as logins
from service.ops import heartbeats
from service.popularity import clicks, salts, site_events, traps, widget_views
from service.subscribers import moving, purging, reminding
from service.tokens import AddressHasher

Duty = Callable[..., object]

#: Each in a transaction of its own: one that fails keeps none of the others from being done.
DUTIES: tuple[Duty, ...] = (
    purging.purge_unconfirmed,
    moving.forget,
    clicks.forget_clicks,
    blast_clicks.forget,
    site_events.forget,
    widget_views.forget,
    traps.forget,
    salts.forget_salts,
    throttle.purge,
    logins.purge,
    kept_forms.purge,
    heartbeats.forget_silent,
    polls.forget,
    restoring.give_back,
    editions.close_over,
)


#: No slice of old messages is begun after so many seconds; the next round goes on.
DELETING_SECONDS = 20.0

log = logging.getLogger(__name__)


def maintain(sessions: Sessions, *, ledger_days: int, hash_address: AddressHasher, now: datetime) -> None:
    """Do every duty once; doing them twice does no harm.

    :raises ExceptionGroup: with what went wrong, after all the others were done.
    """
    failures: list[Exception] = []
    remind: Duty = partial(reminding.remind, hash_address=hash_address)
    for duty in (*DUTIES, remind):
        try:
            with transaction(sessions) as session:
                duty(session, now=now)
        except Exception as error:
            failures.append(error)
    try:
        forget_old_mail(sessions, days=ledger_days, now=now)
    except Exception as error:
        failures.append(error)
    if failures:
        raise ExceptionGroup("Some housekeeping failed; the next round tries again.", failures)


def forget_old_mail(sessions: Sessions, *, days: int, now: datetime) -> None:
    """Delete the messages of mailings that ended so many days ago; their accounts stay, summed up."""
    before = now - timedelta(days=days)
    with transaction(sessions) as session:
        aging.settle_unknown(session, before=before, now=now)
        accounting.flatten(session, before=before)
        aging.forget_events(session, before=before)
        over = aging.list_over(session, before=before)
    for number in over:
        try:
            with transaction(sessions) as session:
                aging.detach(session, number)
        except OperationalError as error:
            log.warning(
                "The ledger was too busy to let go of old mail; the next round tries again: %s", error
            )
            break
    with transaction(sessions) as session:
        dropped = aging.drop_detached(session)
    if dropped:
        log.info("Old mail is gone: %s.", ", ".join(dropped))
    ends = time.monotonic() + DELETING_SECONDS
    while time.monotonic() < ends:
        with transaction(sessions) as session:
            if aging.delete_slice(session, before=before) == 0:
                break
