"""The links of a blast, led through our own address to be counted: by link and subject, no more."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape, unescape

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.blasts.models import BlastLink
from service.emails.letters import BlastLetter
from service.emails.splice import MARK
from service.links import Links

_HREF = re.compile(r'(<a\b[^>]*?\bhref=")(https?://[^"]+)(")', re.IGNORECASE)


def urls_of(letter: BlastLetter) -> list[str]:
    """Return the addresses that its links lead to, each once, in the order of the text; readers' own ones
    are not among them.
    """
    found = (unescape(match[2]) for match in _HREF.finditer(letter.html))
    return [url for url in dict.fromkeys(found) if MARK not in url]


def keep(session: Session, letter: BlastLetter, *, mailing_id: int) -> None:
    """Write down where the links lead; a second time changes nothing."""
    rows = [
        {"mailing_id": mailing_id, "number": number, "url": url}
        for number, url in enumerate(urls_of(letter), start=1)
    ]
    if rows:
        session.execute(insert(BlastLink).values(rows).on_conflict_do_nothing())


def counted(letter: BlastLetter, *, mailing_id: int, variant: int, links: Links) -> BlastLetter:
    """Return the letter with every link led through our address, in both parts of the mail."""
    own = {
        url: links.blast_click(mailing_id=mailing_id, number=number, variant=variant)
        for number, url in enumerate(urls_of(letter), start=1)
    }
    if not own:
        return letter
    return replace(letter, html=_in_html(letter.html, own), text=_in_text(letter.text, own))


def _in_html(html: str, own: Mapping[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        url = unescape(match[2])
        return f"{match[1]}{escape(own.get(url, url))}{match[3]}"

    return _HREF.sub(put, html)


def _in_text(text: str, own: Mapping[str, str]) -> str:
    # The longest first: an address may be the beginning of another.
    either = "|".join(re.escape(url) for url in sorted(own, key=len, reverse=True))
    return re.sub(either, lambda match: own[match[0]], text)
