"""Reading accounts: for logins, pages and the rule that one administrator remains."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import NotFound
from service.operators.models import Operator, Role


def get(session: Session, operator_id: int) -> Operator:
    """Return the operator.

    :raises NotFound: there is none with this id.
    """
    operator = session.get(Operator, operator_id)
    if operator is None:
        raise NotFound("There is no such operator.")
    return operator


def find_many(session: Session, operator_ids: Collection[int]) -> dict[int, Operator]:
    """Return those that exist, by id."""
    rows = session.scalars(select(Operator).where(Operator.id.in_(operator_ids)))
    return {row.id: row for row in rows}


def find_by_email(session: Session, email: str) -> Operator | None:
    """Return the account of an address as somebody typed it."""
    key = email.strip().casefold()
    if "\0" in key:
        return None  # PostgreSQL refuses to look for it
    return session.scalars(select(Operator).where(Operator.email_key == key)).one_or_none()


def list_all(session: Session) -> list[Operator]:
    """Return every account, those in use first, then by name."""
    return list(
        session.scalars(
            select(Operator).order_by(
                Operator.disabled_at.is_not(None), func.lower(Operator.name), Operator.id
            )
        )
    )


def has_any(session: Session) -> bool:
    """Say whether this installation belongs to somebody already."""
    return session.scalars(select(Operator.id).limit(1)).first() is not None


def has_other_admin(session: Session, operator: Operator) -> bool:
    """Say whether somebody else can administer; locks the rows, so that two cannot step down at once."""
    admins = session.scalars(
        select(Operator)
        .where(
            Operator.role == Role.ADMIN, Operator.disabled_at.is_(None), Operator.password_hash.is_not(None)
        )
        .order_by(Operator.id)
        .with_for_update()
    )
    return any(admin.id != operator.id for admin in admins)
