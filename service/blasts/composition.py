"""The body of a blast, from its opening text and its blocks, on the same parts as the digests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.blasts.blocks import PREFERENCES, RUNNING, Block, Kind
from service.emails import block_parts
from service.emails.letters import DigestItem, Letterhead
from service.emails.markdown import Prose, check_marks, render_markdown
from service.emails.merging import Merge, Uses, settle
from service.emails.splice import Slot, defuse, placeholder


@dataclass(frozen=True, slots=True)
class Composed:
    """Both forms of the body, with placeholders, and what its merge slots are for."""

    html: str
    text: str
    merge: Uses = ()


def compose(
    head: Letterhead, markdown: str, blocks: Sequence[Block], stories: Mapping[int, DigestItem]
) -> Composed:
    """Render it; an article that there is no more, and a button without a link, are left out.

    :raises InvalidInput: a merge field is not one of ours.
    """
    merge = Merge(head.newsletter)
    parts = [_prose(markdown, merge)] if markdown.strip() or not blocks else []
    for block in blocks:
        part = _part(block, merge, head, stories)
        if part is not None:
            parts.append(part)
    return Composed(
        html="\n".join(settle(part.html) for part in parts),
        text="\n\n".join(settle(part.text) for part in parts),
        merge=merge.uses,
    )


def _part(block: Block, merge: Merge, head: Letterhead, stories: Mapping[int, DigestItem]) -> Prose | None:
    if block.kind is Kind.ARTICLE:
        item = stories.get(block.article_id or 0)
        return block_parts.story(item, head) if item else None
    if block.kind is Kind.BUTTON:
        if not block.url or not block.text:
            return None
        own = block.url == PREFERENCES
        url = placeholder(Slot.PREFERENCES_URL) if own else block.url
        return block_parts.button(merge.put(defuse(block.text)), url, head)
    return _prose(as_markdown(block, stories), merge)


def _prose(markdown: str, merge: Merge) -> Prose:
    prose = render_markdown(merge.put(defuse(markdown)))
    return Prose(html=f'<div class="prose">\n{prose.html}\n</div>', text=prose.text)


def check_length(markdown: str, blocks: Sequence[Block]) -> None:
    """Refuse what would take seconds to compose; whatever was saved before can still be sent.

    :raises InvalidInput: the texts together have too many marks of Markdown.
    """
    check_marks([markdown, *(block.text for block in blocks if block.kind in RUNNING)])


def whole_markdown(markdown: str, blocks: Sequence[Block], stories: Mapping[int, DigestItem]) -> str:
    """Return the body as one Markdown text, for pages that are no mail."""
    return "\n\n".join(part for part in (markdown, *(as_markdown(each, stories) for each in blocks)) if part)


def as_markdown(block: Block, stories: Mapping[int, DigestItem]) -> str:
    """Write a block as Markdown; empty where there is nothing to show."""
    match block.kind:
        case Kind.TEXT:
            return block.text
        case Kind.DIVIDER:
            return "* * *"
        case Kind.IMAGE:
            return f"![{_plain(block.text)}](<{block.url}>)" if block.url else ""
        case Kind.QUOTE:
            words = [*block.text.split("\n"), *(["", f"— {_plain(block.by)}"] if block.by else [])]
            return "\n".join(f"> {line}" for line in words)
        case Kind.BUTTON:
            is_public = bool(block.url) and block.url != PREFERENCES
            return f"**[{_plain(block.text)}](<{block.url}>)**" if is_public else ""
        case Kind.ARTICLE:
            item = stories.get(block.article_id or 0)
            title = f"### [{_plain(item.title)}](<{item.url}>)" if item else ""
            return f"{title}\n\n{_plain(item.summary)}" if item else ""


def _plain(line: str) -> str:
    """Keep what was typed as one line from being Markdown."""
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>#!|&" else char for char in line)
    # The bar of a merge field is ours.
    return escaped if "{{" not in line else line
