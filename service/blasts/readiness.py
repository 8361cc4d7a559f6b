"""Whether a blast may leave: what is missing, in sentences."""

from sqlalchemy.orm import Session

from service.blasts import checks
from service.blasts.models import Blast
from service.errors import Conflict
from service.links import Links


def missing(session: Session, blast: Blast, *, links: Links) -> list[str]:
    """Say what must be changed before the blast can be sent; empty when it is ready."""
    errors = checks.check(session, blast, links=links).errors
    return [
        each.sentence if each.place in _SELF_EVIDENT else f"{each.place}: {each.sentence}" for each in errors
    ]


def check(session: Session, blast: Blast, *, links: Links) -> None:
    """:raises Conflict: when something is missing."""
    sentences = missing(session, blast, links=links)
    if sentences:
        raise Conflict(" ".join(sentences))


#: Places that their sentence names already.
_SELF_EVIDENT = frozenset({"Text", "Newsletter", "Subject", "Size"})
