"""Makes a recipe, or finds the one that another worker has made of the same draft."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.emails import assembly, rendering
from service.emails.assembly import Assembly
from service.emails.fragments import Fragment
from service.emails.letters import DigestLetter, Letter
from service.recipes import keeping, pieces
from service.recipes.content import Draft
from service.recipes.models import Recipe
from service.recipes.pieces import Written

_INSERT = text(
    """
    INSERT INTO recipes (kind, newsletter_id, mailing_id, content_hash, article_ids, content, locale, subject,
        html_hash, text_hash, piece_ids, created_at)
    VALUES (:kind, :newsletter_id, :mailing_id, :content_hash, :article_ids, CAST(:content AS jsonb), :locale,
        :subject, :html_hash, :text_hash, :piece_ids, :now)
    ON CONFLICT (content_hash) DO NOTHING
    """
)


def make(session: Session, draft: Draft, *, letter: Callable[[], Letter], now: datetime) -> Recipe:
    """Return the recipe of this draft; the letter is built and rendered only if there is none yet."""
    [recipe_id] = make_all(session, {draft.content_hash: draft}, letter=lambda _: letter(), now=now).values()
    return session.get_one(Recipe, recipe_id)


def make_all(
    session: Session,
    drafts: Mapping[bytes, Draft],
    *,
    letter: Callable[[Draft], Letter],
    now: datetime,
) -> dict[bytes, int]:
    """Return the ids of the recipes of these drafts, by content hash.

    In the order of their hashes, so that two workers who make the same ones wait for each other in one
    direction only.
    """
    found = _ids(session, drafts)
    missing = sorted(drafts.keys() - found.keys())
    if not missing:
        return found
    wanted = [drafts[content_hash] for content_hash in missing]
    assemblies = [_assembled(letter(draft)) for draft in wanted]
    hashes = _keep(session, assemblies, now=now)
    written = [_written(draft, made, hashes) for draft, made in zip(wanted, assemblies, strict=True)]
    keeping.keep_pieces(session, (each for one in written for each in one), now=now)
    session.execute(
        _INSERT,
        [
            _row(draft, made, [each.id for each in own]) | {"now": now}
            for draft, made, own in zip(wanted, assemblies, written, strict=True)
        ],
    )
    return found | _ids(session, missing)


def _ids(session: Session, content_hashes: Mapping[bytes, Draft] | list[bytes]) -> dict[bytes, int]:
    rows = session.execute(
        select(Recipe.content_hash, Recipe.id).where(Recipe.content_hash.in_(content_hashes))
    )
    return dict(rows.all())


def _assembled(letter: Letter) -> Assembly:
    if isinstance(letter, DigestLetter):
        return assembly.assemble(letter)
    content = rendering.render(letter)
    return Assembly(content.subject, "", Fragment(content.text, content.html), ())


def _keep(session: Session, assemblies: list[Assembly], *, now: datetime) -> dict[Fragment, bytes]:
    """Keep frames and fragments; return under which hash each fragment is found."""
    used = {piece.fragment for each in assemblies for piece in each.pieces}
    written = {fragment: pieces.write_fragment(fragment) for fragment in used}
    frames = {part for each in assemblies for part in (each.frame.html, each.frame.text)}
    keeping.keep(session, [*written.values(), *frames], now=now)
    return {fragment: keeping.hash_of(content) for fragment, content in written.items()}


def _written(draft: Draft, made: Assembly, hashes: Mapping[Fragment, bytes]) -> list[Written]:
    """Write the pieces down, each with what the draft says of it."""
    sections = draft.content.get("sections")
    details = (
        [dict[str, Any]()] * len(made.pieces)
        if sections is None
        else [each for section in sections for each in _details(section)]
    )
    return [
        pieces.write(piece, fragment_hash=hashes[piece.fragment], details=own)
        for piece, own in zip(made.pieces, details, strict=True)
    ]


def _details(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = section["items"]
    return [{"key": section["key"], "heading": section["heading"]}, *items] if items else []


def _row(draft: Draft, made: Assembly, piece_ids: list[int]) -> dict[str, object]:
    return {
        "kind": draft.kind.value,
        "newsletter_id": draft.newsletter_id,
        "mailing_id": draft.mailing_id,
        "content_hash": draft.content_hash,
        "article_ids": list(draft.article_ids),
        "content": json.dumps({key: each for key, each in draft.content.items() if key != "sections"}),
        "locale": draft.locale,
        "subject": made.subject,
        "html_hash": keeping.hash_of(made.frame.html),
        "text_hash": keeping.hash_of(made.frame.text),
        "piece_ids": piece_ids,
    }
