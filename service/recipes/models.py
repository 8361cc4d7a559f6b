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


class Recipe(Model):
    """Ordered article ids with sections, slots and reasons, and the kept parts that they became.

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
    #: Sections with items (article id, slot, reason), or the blast's Markdown.
    content: Mapped[dict[str, Any]]
    locale: Mapped[str]
    subject: Mapped[str]
    #: The frame: what stands around the pieces, in both parts of the mail.
    html_hash: Mapped[bytes] = mapped_column(LargeBinary)
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)
    #: In order, as `pieces` writes them.
    pieces: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    #: Pinned Date of every mail made from it: a retry is the same bytes.
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_recipes_mailing", "mailing_id"),
        Index("ix_recipes_articles", "article_ids", postgresql_using="gin"),
    )
