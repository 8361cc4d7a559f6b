"""Recovery codes: ten, shown once, each works once; for whoever lost phone and passkey."""

import secrets
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.operators.models import RecoveryCode
from service.operators.sealing import Sealer

COUNT = 10
#: Crockford's base32: nothing in it is taken for something else. Twelve signs are 60 bits.
_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 12
_ALIKE = str.maketrans("oil", "011")


def make(session: Session, operator_id: int, *, sealer: Sealer) -> list[str]:
    """Make new codes and return them, to be shown once; older ones stop working."""
    forget(session, operator_id)
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(COUNT)]
    session.add_all(
        RecoveryCode(operator_id=operator_id, code_hash=_hash(operator_id, code, sealer)) for code in codes
    )
    session.flush()
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def use(session: Session, operator_id: int, typed: str, *, sealer: Sealer, now: datetime) -> bool:
    """Use a code up, however it was typed; say whether it was one."""
    code = "".join(sign for sign in typed.casefold() if sign.isalnum()).translate(_ALIKE)
    row = session.scalars(
        select(RecoveryCode)
        .where(
            RecoveryCode.operator_id == operator_id,
            RecoveryCode.code_hash == _hash(operator_id, code, sealer),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    ).first()
    if row is None:
        return False
    row.used_at = now
    session.flush()
    return True


def count_left(session: Session, operator_id: int) -> int:
    return session.scalars(
        select(func.count(RecoveryCode.id)).where(
            RecoveryCode.operator_id == operator_id, RecoveryCode.used_at.is_(None)
        )
    ).one()


def forget(session: Session, operator_id: int) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.operator_id == operator_id))


def _hash(operator_id: int, code: str, sealer: Sealer) -> bytes:
    return sealer.digest(f"{operator_id} {code}")
