"""Says headings and reasons in the spoken language; what is chosen is the same in all of them."""

from typing import NamedTuple

from service.languages.words import _

#: Ends of "most read ...".
WEEK, MONTH = "week", "month"


class Heading(NamedTuple):
    """What stands above a section; `topic` is the name of the one that it is about."""

    kind: str
    topic: str = ""
    span: str = WEEK


def heading(one: Heading) -> str:
    """Popular in Science"""
    monthly = one.span == MONTH
    match one.kind:
        case "editors":
            return _("Picked by the editors")
        case "popular":
            return _("Popular this month") if monthly else _("Popular this week")
        case "popular in":
            return _("Popular in %(topic)s", topic=one.topic)
        case "popular in yours":
            return _("Popular in your topics")
        case "new in":
            return _("New in %(topic)s", topic=one.topic)
        case "also new":
            return _("Also new in your topics")
        case "explore":
            return _("Something different")
        case "missed":
            return _("You may have missed")
    raise ValueError(f"No section has the heading {one.kind!r}.")


def reason(key: str, *, topic: str, span: str, follows: bool, raised: bool) -> str:
    """You follow Energy · recommended by the editors"""
    said = _reason(key, topic=topic, span=span, follows=follows)
    return _("%(reason)s · recommended by the editors", reason=said) if raised else said


def _reason(key: str, *, topic: str, span: str, follows: bool) -> str:
    match key:
        case "editors":
            return _("Picked by the editors")
        case "popular" if span == MONTH:
            return _("Most read in %(topic)s this month", topic=topic)
        case "popular":
            return _("Most read in %(topic)s this week", topic=topic)
        case "new" if follows:
            return _("You follow %(topic)s", topic=topic)
        case "new":
            return _("New in %(topic)s", topic=topic)
        case "explore":
            return _("Something different: %(topic)s", topic=topic)
        case "missed":
            return _("Much read in %(topic)s lately", topic=topic)
    raise ValueError(f"There is no section {key!r}.")
