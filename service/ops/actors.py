"""Who did something, by name: the audit log and the rows say "operator 3"."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.operators.models import Operator

_PREFIX = "operator "


def names(session: Session, actors: Collection[str]) -> dict[str, str]:
    """Return a name for each: the operator's, or Broadsheet's own where nobody did it."""
    ids = {int(actor.removeprefix(_PREFIX)): actor for actor in actors if _is_operator(actor)}
    found = dict.fromkeys(actors, "Broadsheet") | dict.fromkeys(ids.values(), "an operator")
    rows = session.execute(select(Operator.id, Operator.name, Operator.email).where(Operator.id.in_(ids)))
    return found | {ids[key]: name or email for key, name, email in rows}


def _is_operator(actor: str) -> bool:
    return actor.startswith(_PREFIX) and actor.removeprefix(_PREFIX).isdigit()
