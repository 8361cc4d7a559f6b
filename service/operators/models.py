"""The people who run Broadsheet: accounts, server-side sessions, and the count of failed logins."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model


class Role(StrEnum):
    """Each may do what the one before may: look, write, send, administer."""

    VIEWER = "viewer"
    EDITOR = "editor"
    SENDER = "sender"
    ADMIN = "admin"


class Operator(Model):
    """An account. Without a password hash it waits for its invitation to be accepted."""

    __tablename__ = "operators"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[Role]
    #: argon2id
    password_hash: Mapped[str | None]
    #: Grows with every invitation, so that an older link stops working.
    invitation_generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class OperatorSession(Model):
    """A login. The cookie holds a random token, the row its SHA-256; deleting the row ends it."""

    __tablename__ = "operator_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    operator: Mapped[Operator] = relationship(lazy="joined")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(INET)


class LoginFailure(Model):
    """A wrong password: slows down its network and its account, locks out nobody (standards 166)."""

    __tablename__ = "login_failures"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    email_hash: Mapped[bytes] = mapped_column(LargeBinary)
    network: Mapped[str]

    __table_args__ = (
        Index("ix_login_failures_email", "email_hash", "at"),
        Index("ix_login_failures_network", "network", "at"),
    )
