"""How a newsletter looks: accent, typeface and logo, on pages and in mails."""

import hashlib
from datetime import datetime
from typing import Protocol

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from service import audit
from service.emails.typefaces import Typeface
from service.errors import NotFound
from service.newsletters import checks, rasters
from service.newsletters.models import Logo, Newsletter


class Sized(Protocol):
    """What has sides."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def dress(
    session: Session, newsletter: Newsletter, *, accent: str, typeface: Typeface, actor: str, now: datetime
) -> None:
    """Set colour and type; what is queued already goes out as it was rendered.

    :raises InvalidInput: the accent cannot be read on paper; the sentence names the nearest that can.
    """
    _change(
        session,
        newsletter,
        {"accent": checks.accent(accent), "typeface": typeface},
        actor=actor,
        now=now,
    )


def set_logo(session: Session, newsletter: Newsletter, upload: bytes, *, actor: str, now: datetime) -> None:
    """Print a picture in the place of the name; the same picture twice is kept once.

    :raises InvalidInput: it is no PNG or JPEG that mail programs show.
    """
    raster = rasters.clean(upload)
    digest = hashlib.sha256(raster.content).hexdigest()
    row = insert(Logo).values(
        hash=digest,
        media_type=raster.media_type,
        content=raster.content,
        width=raster.width,
        height=raster.height,
        see_through=raster.see_through,
        created_at=now,
    )
    session.execute(row.on_conflict_do_nothing())
    _change(session, newsletter, {"logo_hash": digest}, actor=actor, now=now)


def remove_logo(session: Session, newsletter: Newsletter, *, actor: str, now: datetime) -> None:
    """Print the name again. The picture stays where it is: mails that were sent show it."""
    _change(session, newsletter, {"logo_hash": None}, actor=actor, now=now)


def get_logo(session: Session, file_name: str) -> Logo:
    """Return a picture with its content.

    :raises NotFound: there is none of this name.
    """
    digest = file_name.partition(".")[0]
    logo = session.get(Logo, digest, options=[undefer(Logo.content)])
    if logo is None or logo.file_name != file_name:
        raise NotFound("There is no such picture.")
    return logo


def fit(picture: Sized, most_width: int, most_height: int) -> tuple[int, int]:
    """Return the sides at which a picture is shown: whole, in proportion, and never larger than it is."""
    scale = min(1, most_width / picture.width, most_height / picture.height)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _change(
    session: Session, newsletter: Newsletter, new: dict[str, object], *, actor: str, now: datetime
) -> None:
    before, after = checks.change({name: getattr(newsletter, name) for name in new}, new)
    if not after:
        return
    for name in after:
        setattr(newsletter, name, new[name])
    session.flush()
    session.refresh(newsletter)
    audit.record(
        session,
        actor=actor,
        action="newsletter.dressed",
        subject=f"newsletter {newsletter.id}",
        now=now,
        before=before,
        after=after,
    )
