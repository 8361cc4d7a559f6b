"""How much of a mail's HTML each part may take, as it goes out in quoted-printable (pure).

Gmail cuts a mail off at about 102 KB, footer and way out included. Fourteen stories and a frame within these
limits stay under `MOST`, whatever feeds write: no story is ever left out of a mail that was planned with it.
"""

from service.emails.sanitising import shortened

#: Bytes, for the HTML of a whole mail.
MOST = 95_000
#: Of a blast's own text; the rest is for the frame.
MOST_PROSE = 75_000
#: Bytes for what others wrote of a story, field by field.
TITLE, SUMMARY, NAME, REASON, ALT = 780, 1_080, 150, 200, 180
#: Of the heading of a section.
HEADING = 240
#: A picture whose address is longer is left out.
PICTURE_URL = 600

#: A line of 75 characters ends in three more.
_LINE = 75


def encoded(text: str) -> int:
    """Return about how many bytes a text takes; never fewer than it does, but for the escapes of HTML."""
    taken = sum(map(_cost, text))
    return taken + 3 * (taken // (_LINE - 12) + 1)


def within(text: str, most: int) -> str:
    """Shorten a line that takes more than `most` bytes, at a word where there is one."""
    if len(text) * 12 <= most:
        return text
    taken = 0
    for place, char in enumerate(text):
        taken += _cost(char)
        if taken > most:
            return shortened(text, max(place, 1))
    return text


def _cost(char: str) -> int:
    if char == "=":
        return 3
    # The longest escapes of HTML: &quot; and &amp;
    return (6 if char in '&<>"' else 1) if char < "\x7f" else 3 * len(char.encode("utf-8", "replace"))
