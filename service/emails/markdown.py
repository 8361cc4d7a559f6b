"""An operator's Markdown as HTML that fits a mail, and as plain text with the same links.

Raw HTML is not Markdown here: it is shown as typed. What is left passes an allow-list all the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from service.emails.markdown_text import plain_text
from service.emails.sanitising import running_text
from service.errors import InvalidInput

#: Characters that mean something to the parser, in all texts of one mail: it looks from each of them to the
#: end of the paragraph. Fifty thousand take ten seconds, so many a fifth of one; long mails have hundreds.
MOST_MARKS = 4_000

SCHEMES = frozenset({"http", "https", "mailto"})

_TAGS = frozenset(
    {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "img", "li", "ol", "p", "pre", "s"}
    | {"strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
)
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    attributes=_ATTRIBUTES,
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel=None,
    set_tag_attribute_values={"th": {"scope": "col"}},
)
_MARKS = re.compile(r"[\[\]!*_~|<&`>\\]")
# The last character may not be punctuation that ends the sentence around the address.
_BARE_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?'()\]]")


@dataclass(frozen=True, slots=True)
class Prose:
    """One text in both forms."""

    html: str
    text: str


def render_markdown(source: str) -> Prose:
    """Render Markdown; the subject is the mail's only h1, so the highest heading becomes h2."""
    tokens = _PARSER.parse(running_text(source))
    _shift_headings(tokens)
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = _link_bare_urls(token.children)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return Prose(html=_CLEANER.clean(html).strip(), text=plain_text(SyntaxTreeNode(tokens)))


def check_marks(sources: Iterable[str]) -> None:
    """Refuse texts of one mail that would keep the parser busy for seconds.

    :raises InvalidInput: they have more marks than a mail may have.
    """
    count = sum(len(_MARKS.findall(source)) for source in sources)
    if count > MOST_MARKS:
        raise InvalidInput(
            f"The text has {count:,} marks of Markdown, such as [, * and |; {MOST_MARKS:,} are the most. "
            "Take some tables, links or stars out."
        )


def _shift_headings(tokens: list[Token]) -> None:
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    highest = min((int(token.tag[1]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - highest + 2, 4)}"


def _link_bare_urls(children: list[Token]) -> list[Token]:
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth += child.nesting if child.type in {"link_open", "link_close"} else 0
        linked += _split(child) if child.type == "text" and depth == 0 else [child]
    return linked


def _split(token: Token) -> list[Token]:
    parts: list[Token] = []
    at = 0
    for match in _BARE_URL.finditer(token.content):
        parts.append(_text(token.content[at : match.start()]))
        parts.append(Token("link_open", "a", 1, attrs={"href": match[0]}, markup="linkify"))
        parts.append(_text(match[0]))
        parts.append(Token("link_close", "a", -1, markup="linkify"))
        at = match.end()
    return [*parts, _text(token.content[at:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _is_allowed(url: str) -> bool:
    scheme, colon, _ = unescape(url).strip().partition(":")
    return bool(colon) and scheme.lower() in SCHEMES


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # A link that may not be is left as it was typed, in both forms.
    parser.validateLink = _is_allowed  # type: ignore[method-assign]  # the documented way to narrow it
    return parser


_PARSER = _parser()
