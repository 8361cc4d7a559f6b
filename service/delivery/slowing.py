"""Who is asked to slow down by a reply: the way through a relay, to a recipient's domain, or nobody. Pure."""

from enum import StrEnum

from service.delivery.replies import ABOUT_RECIPIENTS, Kind, Phase, Reply, Verdict


class Way(StrEnum):
    """What a limit is for."""

    RELAY = "relay"
    DOMAIN = "domain"


#: RFC 3463 3.3: this mailbox is full, the message too long for it, its list cannot be expanded.
_ONE_MAILBOX = {(2, 2), (2, 3), (2, 4)}
_QUOTA = (7, 28)
#: Gmail asks for silence of at least ten minutes after 4.7.28.
QUOTA_SECONDS = 600.0


def who_slows(phase: Phase, verdict: Verdict, reply: Reply | None) -> Way | None:
    """Say who must slow down after a reply, if anybody.

    A lost connection slows nobody: relays hang up after a number of messages (Yahoo), and breakers see to
    those that are ill. Greylisting asks each message to come again, at whatever pace.
    """
    if reply is None or not 400 <= reply.code < 500 or verdict.kind is not Kind.DEFERRED:
        return None
    detail = reply.enhanced[1:] if reply.enhanced else None
    if detail == _QUOTA:
        return Way.DOMAIN if phase in ABOUT_RECIPIENTS else Way.RELAY
    if reply.code == 421 or phase not in ABOUT_RECIPIENTS:
        return Way.RELAY
    if detail is None:
        return None if _is_greylisting(reply) else Way.DOMAIN
    if detail[0] == 3:
        return Way.RELAY
    if detail in _ONE_MAILBOX or detail[0] not in {2, 4, 7} or _is_greylisting(reply):
        return None
    return Way.DOMAIN


def rest_seconds(reply: Reply | None) -> float:
    """Return how long nothing at all should go that way."""
    return QUOTA_SECONDS if reply is not None and reply.enhanced == (4, *_QUOTA) else 0.0


def _is_greylisting(reply: Reply) -> bool:
    words = reply.text.casefold()
    return any(word in words for word in ("greylist", "graylist", "grey-list", "gray-list", "postgrey"))
