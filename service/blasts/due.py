"""Whether blasts have anything to do, as a part of the tick's one question."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_

from service.blasts.models import Blast, BlastState


def is_due(*, now: datetime) -> ColumnElement[bool]:
    """Ask whether one waits whose time has come, is being written into the ledger, or has to be watched."""
    return exists().where(
        or_(
            and_(Blast.state.in_([BlastState.AWAITING, BlastState.SCHEDULED]), Blast.send_at <= now),
            Blast.state == BlastState.SENDING,
            and_(Blast.state == BlastState.PAUSED, Blast.fan_out_after.is_not(None)),
        )
    )
