"""Renders a letter once and keeps the bytes under their own hash: no later edit or deploy can change them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.emails import rendering
from service.emails.letters import Letter
from service.recipes.models import Fragment


@dataclass(frozen=True, slots=True)
class Rendered:
    """Where the parts of a rendered letter are kept."""

    subject: str
    html_hash: bytes
    text_hash: bytes


def store(session: Session, letter: Letter, *, now: datetime) -> Rendered:
    """Render a letter whose reader links are placeholders, and keep its parts."""
    content = rendering.render(letter)
    return Rendered(
        subject=content.subject,
        html_hash=_keep(session, content.html, now=now),
        text_hash=_keep(session, content.text, now=now),
    )


def _keep(session: Session, content: str, *, now: datetime) -> bytes:
    digest = hashlib.sha256(content.encode()).digest()
    session.execute(
        insert(Fragment)
        .values(hash=digest, content=content, created_at=now)
        .on_conflict_do_nothing(index_elements=[Fragment.hash])
    )
    return digest
