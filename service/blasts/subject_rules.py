"""What a subject and the line after it should be, and words that filters distrust (standards 11, 12)."""

import re

from service.blasts.findings import Finding, error, warning

#: Inboxes on phones show about so many characters of a subject.
SEEN_EVERYWHERE = 60

_REPLY = re.compile(r"(?:re|fwd?|aw|wg|sv|tr)\s*(?:\[\d+\]|\(\d+\))?\s*:", re.IGNORECASE)
_ANSWERED = re.compile(r"\(\d+\)\s*$")
_LOUD = re.compile(r"[^\W\d_]{4,}")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
#: Only looked for when an operator asks: filters weigh senders far more than words.
_DISTRUSTED = re.compile(
    r"\b(?:act now|buy now|100 ?% free|for free|free money|risk[- ]free|guaranteed?|winner|you have won|"
    r"cash bonus|earn money|no obligation|limited time|urgent|viagra|casino|crypto|lottery|double your)\b",
    re.IGNORECASE,
)


def of_subject(subject: str) -> list[Finding]:
    place = "Subject"
    if not subject:
        return [error(place, "The blast has no subject.", "Write what it is about in a few words.")]
    found = []
    if _REPLY.match(subject) or _ANSWERED.search(subject):
        found.append(
            error(
                place,
                "It looks like an answer or a forwarded mail, and is none.",
                "Take “Re:”, “Fwd:” or “(2)” away: mail programs count it as deception.",
            )
        )
    letters = [word for word in _LOUD.findall(subject) if word.isupper()]
    if len(letters) > 1 or "!!" in subject:
        found.append(warning(place, "It shouts.", "Write it in ordinary letters, with one ! at most."))
    if len(subject) > SEEN_EVERYWHERE:
        sentence = f"It has {len(subject)} characters; phones show about {SEEN_EVERYWHERE}."
        found.append(warning(place, sentence, "Put what matters first, or make it shorter."))
    if _EMOJI.search(subject):
        found.append(
            warning(
                place, "It holds a symbol or emoji.", "Some inboxes show a box instead; words always work."
            )
        )
    return found


def of_first_line(preheader: str) -> list[Finding]:
    place = "First line"
    if not preheader:
        sentence = "There is none; inboxes show whom the mail is for instead."
        return [warning(place, sentence, "Say in 40 to 90 characters why to open it.")]
    return []


def distrusted_words(subject: str, text: str) -> list[Finding]:
    """Return words that some filters count against a mail, each once."""
    return [
        warning(place, f"Some filters distrust “{word}”.", "Leave it where it is the plain word.")
        for place, words in (("Subject", subject), ("Text", text))
        for word in dict.fromkeys(each.lower() for each in _DISTRUSTED.findall(words))
    ]
