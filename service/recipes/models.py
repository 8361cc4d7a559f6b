"""An ordered choice of content, and its renderings kept by content hash."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Identity, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class RecipeKind(StrEnum):
    """A blast is one recipe; a digest has one per group of readers with equal input."""

    DIGEST = "digest"
    BLAST = "blast"


class Fragment(Model):
    """Rendered bytes under their own SHA-256: any edit or deploy makes a new row, a retry finds the old."""

    __tablename__ = "fragments"

    hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    content: Mapped[str]
    created_at: Mapped[datetime]


class KeptPiece(Model):
    """A story or a heading in its place in a digest; recipes name it by its id, which is a hash.

    Hundreds of thousands of recipes are made from some ten thousand of these.
    """

    __tablename__ = "pieces"

    #: The first 64 bits of the SHA-256 of what it says.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: As `pieces` writes it: fragment, number, link and reason.
    written: Mapped[str]
    #: Of a heading its section's key and words; of a story its article, topic, slot, reason, and draw.
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Recipe(Model):
    """Ordered article ids, and the kept parts that they became; the pieces say sections, slots and reasons.

    A blast, and a digest planned before there were pieces, is a frame without any.
    """

    __tablename__ = "recipes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[RecipeKind]
    newsletter_id: Mapped[int]
    #: The mailing it was made for: click links inside name it.
    mailing_id: Mapped[int]
    #: SHA-256 of mailing, subject and `content`; two workers who choose the same make one row.
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    #: In slot order; the no-repeat check reads this.
    article_ids: Mapped[list[int]]
    #: A digest's day and first line, or the blast's Markdown; `reading` adds the sections.
    content: Mapped[dict[str, Any]]
    locale: Mapped[str]
    subject: Mapped[str]
    #: The frame: what stands around the pieces, in both parts of the mail.
    html_hash: Mapped[bytes] = mapped_column(LargeBinary)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)
    #: In order.
    piece_ids: Mapped[list[int]] = mapped_column(default=list, server_default="{}")
    #: Pinned Date of every mail made from it: a retry is the same bytes.
    created_at: Mapped[datetime]

    __table_args__ = (
        # Who looks for an article looks in the mailings that are open: an index over the articles of every
        # recipe cost more than the recipe itself.
        Index("ix_recipes_mailing", "mailing_id"),
    )
