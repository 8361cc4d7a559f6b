"""What an operator typed and could not send (the login was over, the role was gone), kept for a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.errors import NotFound
from service.operators.models import KeptForm

KEPT_FOR = timedelta(days=1)
#: The newest of one operator; a browser that repeats itself fills no table.
MOST = 5
_SECRET_WORDS = ("password", "csrf_token", "passkey", "kept_form")
_SECRETS = frozenset({"current", "code", "secret"})
#: Sent along by buttons; kept with the rest, but nobody typed them.
_UNTYPED = frozenset(
    {"ticket", "confirmed_count", "next", "from", "relay", "version", "opened", "username", "login"}
)


def keep(
    session: Session,
    operator_id: int,
    *,
    path: str,
    page: str,
    fields: Iterable[tuple[str, str]],
    now: datetime,
) -> KeptForm | None:
    """Keep a form; None when nothing in it was typed (a button by itself), or only secrets."""
    # PostgreSQL keeps no NUL, and nobody types one.
    sent = [
        (name.replace("\0", ""), value.replace("\0", "")) for name, value in fields if not is_secret(name)
    ]
    if not any(value.strip() for name, value in sent if is_typed(name)):
        return None
    row = KeptForm(
        operator_id=operator_id,
        kept_at=now,
        path=path.replace("\0", ""),
        page=page.replace("\0", ""),
        content={"fields": sent},
    )
    session.add(row)
    session.flush()
    newest = (
        select(KeptForm.id)
        .where(KeptForm.operator_id == operator_id)
        .order_by(KeptForm.id.desc())
        .limit(MOST)
        .scalar_subquery()
    )
    session.execute(delete(KeptForm).where(KeptForm.operator_id == operator_id, KeptForm.id.not_in(newest)))
    return row


def get(session: Session, kept_id: int, *, operator_id: int, now: datetime) -> KeptForm:
    """Return a form that this operator typed.

    :raises NotFound: there is none, it is somebody else's, or a day has passed.
    """
    row = session.get(KeptForm, kept_id)
    if row is None or row.operator_id != operator_id or row.kept_at <= now - KEPT_FOR:
        raise NotFound("There is no such form. What was typed is kept for a day, and until it was sent.")
    return row


def fields_of(row: KeptForm) -> list[tuple[str, str]]:
    return [(name, value) for name, value in row.content["fields"]]


def drop(session: Session, kept_id: int, *, operator_id: int) -> None:
    """Forget a form of this operator; again does no harm."""
    session.execute(delete(KeptForm).where(KeptForm.id == kept_id, KeptForm.operator_id == operator_id))


def is_secret(name: str) -> bool:
    """Say whether a field holds what is never kept."""
    return name in _SECRETS or any(word in name for word in _SECRET_WORDS)


def is_typed(name: str) -> bool:
    return name not in _UNTYPED


def purge(session: Session, *, now: datetime) -> None:
    """Forget what was kept for a day."""
    session.execute(delete(KeptForm).where(KeptForm.kept_at <= now - KEPT_FOR))
