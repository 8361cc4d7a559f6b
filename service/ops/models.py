"""Signs of life of the processes, in rows, so that they can be trusted when Redis is not."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class Heartbeat(Model):
    """The latest sign of life of one process; `kind` is worker, beat or web."""

    __tablename__ = "heartbeats"

    #: "worker@host"
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    version: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
