"""The blocks of a blast in a form: read in the order in which they stand, and moved by buttons."""

import re
from dataclasses import dataclass, replace

from flask import request
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.blasts import stories
from service.blasts.blocks import Block, Kind
from service.newsletters.models import Newsletter
from service.web.context import now

LABELS = {
    Kind.TEXT: "Text",
    Kind.BUTTON: "Button",
    Kind.IMAGE: "Image",
    Kind.QUOTE: "Quote",
    Kind.DIVIDER: "Divider",
    Kind.ARTICLE: "Article",
}
#: Articles have a picker; the others are added by their button.
ADDABLE = tuple(kind for kind in LABELS if kind is not Kind.ARTICLE)
_NUMBER = re.compile(r"\d{1,3}")


@dataclass(frozen=True, slots=True)
class Editor:
    """What the page shows below the opening text."""

    blocks: tuple[Block, ...]
    #: Titles of the articles that blocks name; one that was withdrawn has none.
    titles: dict[int, str]
    #: What was looked for, and what was found; None when nobody looked.
    query: str = ""
    found: list[Article] | None = None
    #: The block, from 0, that was just added or moved.
    touched: int | None = None


def pressed() -> tuple[str, str]:
    """Return which of the editor's buttons sent this form: what it does, and to what; both may be empty."""
    verb, _, target = request.form.get("act", "").partition(" ")
    return verb, target


def typed() -> list[Block]:
    """Return the blocks in the order in which the form holds them."""
    numbers = [each for each in request.form.getlist("block") if _NUMBER.fullmatch(each)]
    return [block for number in dict.fromkeys(numbers) if (block := _block(number)) is not None]


def acted(session: Session, newsletter: Newsletter) -> Editor:
    """Do what was pressed to the blocks as they were typed; nothing is kept."""
    verb, target = pressed()
    blocks, touched = typed(), None
    number = int(target) if _NUMBER.fullmatch(target) else 0
    if verb == "add" and target in set(ADDABLE):
        blocks.append(Block(Kind(target)))
        touched = len(blocks) - 1
    elif verb == "pick" and target.isdecimal() and len(target) < 16:
        blocks.append(Block(Kind.ARTICLE, article_id=int(target)))
        touched = len(blocks) - 1
    elif verb == "remove" and number < len(blocks):
        del blocks[number]
    elif verb in {"up", "down"} and number < len(blocks):
        touched = min(max(number + (1 if verb == "down" else -1), 0), len(blocks) - 1)
        blocks.insert(touched, blocks.pop(number))
    editor = replace(shown(session, newsletter, blocks), touched=touched)
    if verb != "search":
        return editor
    query = request.form.get("article_query", "").strip()[:200]
    return replace(editor, query=query, found=stories.search(session, newsletter.id, query, now=now()))


def shown(session: Session, newsletter: Newsletter, blocks: list[Block] | tuple[Block, ...]) -> Editor:
    """Return the editor of these blocks."""
    wanted = {block.article_id for block in blocks if block.article_id is not None}
    found = stories.find(session, newsletter, wanted)
    return Editor(tuple(blocks), {key: item.title for key, item in found.items()})


def _block(number: str) -> Block | None:
    def value(name: str) -> str:
        return request.form.get(f"block-{number}-{name}", "")

    if value("kind") not in set(Kind):
        return None
    article = value("article")
    return Block(
        Kind(value("kind")),
        text=value("text"),
        url=value("url"),
        by=value("by"),
        article_id=int(article) if article.isdecimal() and len(article) < 16 else None,
    )
