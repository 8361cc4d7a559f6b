"""The people who run Broadsheet: accounts, second factors, server-side sessions, rules and failed logins."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary
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
    #: The latest invitation; its link works for `LIFETIMES[Purpose.INVITATION]`.
    invited_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Ending(StrEnum):
    """Why a login is over before its time; the next request is told."""

    LOGGED_OUT = "logged_out"
    EVERYWHERE = "everywhere"
    PASSWORD = "password"  # noqa: S105  (a reason, not a secret)
    ROLE = "role"
    FACTOR = "factor"
    DISABLED = "disabled"


class OperatorSession(Model):
    """A login. The cookie holds a random token, the row its SHA-256."""

    __tablename__ = "operator_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    operator: Mapped[Operator] = relationship(lazy="joined")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(INET)
    #: As the browser named itself, cut to a length that a page can show.
    user_agent: Mapped[str] = mapped_column(default="", server_default="")
    #: When a password, a code or a passkey was last shown; accounts are changed only soon after.
    verified_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[Ending | None]


class Totp(Model):
    """An authenticator app: its secret is sealed with the secret key, each code works once."""

    __tablename__ = "totps"

    operator_id: Mapped[int] = mapped_column(
        ForeignKey("operators.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime]
    #: The time step of the latest code that was accepted; no code of it or before works again.
    last_step: Mapped[int]


class Passkey(Model):
    """A WebAuthn credential: stands for password and second factor, because it asks who holds it."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    name: Mapped[str]
    added_at: Mapped[datetime]
    #: A challenge that was given out before this instant is refused: no answer works twice.
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Model):
    """One of ten codes for whoever lost the second factor; a keyed hash, and it works once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class SignInRules(Model):
    """What holds for every login; one row at most, and the defaults hold without it."""

    __tablename__ = "sign_in_rules"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    idle_minutes: Mapped[int] = mapped_column(default=30)
    longest_hours: Mapped[int] = mapped_column(default=12)
    second_factor_required: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class KeptForm(Model):
    """What an operator typed and could not send, because the login was over or the role gone."""

    __tablename__ = "kept_forms"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id", ondelete="CASCADE"), index=True)
    kept_at: Mapped[datetime]
    #: Where the form was sent to, and the page that it was on.
    path: Mapped[str]
    page: Mapped[str]
    #: {"fields": [[name, value], ...]} in the order of the form; never a password.
    content: Mapped[dict[str, Any]]


class LoginFailure(Model):
    """A wrong password: slows down its network and its account, locks out nobody (standards 166)."""

    __tablename__ = "login_failures"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    email_hash: Mapped[bytes] = mapped_column(LargeBinary)
    #: The network, or the browser where it has signed in to this account before.
    network: Mapped[str]

    __table_args__ = (
        Index("ix_login_failures_email", "email_hash", "at"),
        Index("ix_login_failures_network", "network", "at"),
    )
