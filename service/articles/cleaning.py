"""Foreign text made harmless: one plain line, a plain summary, or HTML of an allow-list (standards 162).

What a parser promised is not trusted: everything goes through nh3 here, and text loses the characters
that reorder or hide other text.
"""

import html
import re
import unicodedata

import nh3

from service.articles import urls

#: No field is read any further than this; a summary needs a thousandth of it.
LONGEST_FIELD = 100_000
LONGEST_HTML = 4_000
LONGEST_SUMMARY = 320

_TAGS = {"p", "br", "a", "em", "strong", "ul", "ol", "li", "blockquote", "code"}
#: Elements whose text is not for reading.
_SILENT = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "textarea"}
_AS_EMPHASIS = {"b": "strong", "i": "em"}

_BLOCK = re.compile(
    r"</?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|blockquote|figure|figcaption|section|article|hr|pre)\b[^<>]*>",
    re.IGNORECASE,
)
_BOLD_ITALIC = re.compile(r"<(/?)(b|i)(?=[\s>])[^<>]*>", re.IGNORECASE)

#: Controls, zero-width and bidi characters, soft hyphen, tags, noncharacters, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
    # Joiners stay between letters of scripts that need them (Persian, Hindi) and inside emoji.
    "|(?<![^\x00-\x7f\\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s])"
)
#: The last words of WordPress feeds and the like, which mean nothing in a mail.
_TAIL = re.compile(
    r"\s*(?:The post .{1,300}? (?:first )?appeared (?:first )?on .{1,200}|"
    r"(?:Continue reading|Read more|Read the full (?:story|article)|Weiterlesen|Lire la suite)\b.{0,200})$"
)
_ELLIPSIS = re.compile(r"\s*\[?\s*(?:\.\.\.|…)\s*\]?\s*$")


def visible(text: str) -> str:
    """Remove what cannot be seen and normalise; line breaks and other white space stay."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def plain_line(value: str | None, *, limit: int) -> str:
    """Turn HTML or text into one plain line: tags gone, entities decoded once, cut at a word."""
    if not value:
        return ""
    marked_up = _BLOCK.sub(" ", value[:LONGEST_FIELD])
    text = html.unescape(nh3.clean(marked_up, tags=set(), clean_content_tags=_SILENT))
    return shortened(" ".join(visible(text).split()), limit)


def plain_summary(value: str | None, *, title: str) -> str:
    """Turn a description into the sentence or two that a mail shows; empty when it only repeats the title."""
    text = _TAIL.sub("", plain_line(value, limit=20 * LONGEST_SUMMARY))
    if text.casefold().rstrip(" .…") == title.casefold().rstrip(" .…"):
        return ""
    if _ELLIPSIS.search(text):
        text = _ELLIPSIS.sub("…", text)
    return shortened(text, LONGEST_SUMMARY)


def shortened(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, at a word where there is one, and say so by an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at_word = cut if text[limit - 1].isspace() else cut.rpartition(" ")[0]
    # Languages without spaces have no words to cut at.
    kept = at_word if len(at_word) >= limit // 2 else cut
    return kept.rstrip(" ,;:–-") + "…"


def summary_html(value: str | None, *, base: str) -> str:
    """Re-serialise HTML with the few allowed tags, absolute links, nothing that loads, moves or styles."""
    if not value:
        return ""
    marked_up = _BOLD_ITALIC.sub(
        lambda match: f"<{match[1]}{_AS_EMPHASIS[match[2].lower()]}>", value[:LONGEST_FIELD]
    )
    cleaned = _allowed_only(visible(marked_up), base)
    if len(cleaned) <= LONGEST_HTML:
        return cleaned.strip()
    return _allowed_only(_cut_between_tags(cleaned, LONGEST_HTML) + "…", base).strip()


def _allowed_only(value: str, base: str) -> str:
    def absolute(tag: str, attribute: str, address: str) -> str | None:
        # nh3 shows its own `rel` to the filter as well.
        if attribute != "href":
            return address
        if address.strip().lower().startswith("mailto:"):
            return address.strip()
        return urls.resolve(address, base=base)

    return nh3.clean(
        value,
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes={"a": {"href"}},
        attribute_filter=absolute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def _cut_between_tags(cleaned: str, limit: int) -> str:
    """Cut serialised HTML where neither a tag nor an entity is torn; nh3 closes what stays open."""
    cut = cleaned[:limit]
    if cut.rfind("<") > cut.rfind(">"):
        cut = cut[: cut.rfind("<")]
    return re.sub(r"&[#\w]{0,10}$", "", cut).rpartition(" ")[0] or cut
