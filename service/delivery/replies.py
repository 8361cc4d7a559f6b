"""What a relay's reply means for the message, its reader and the way out. Pure.

The table follows RFC 5321, 3463, 4954 and the providers' published codes; the enhanced code counts only where
its class agrees with the three digits (RFC 2034).
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

EnhancedCode = tuple[int, int, int]


class Phase(StrEnum):
    """Where in a transaction a reply came, or did not come."""

    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Kind(StrEnum):
    """What to do next."""

    #: The phase succeeded; go on with the next one.
    GO_ON = "go_on"
    #: The relay has the message now.
    ACCEPTED = "accepted"
    #: Try this message again later.
    DEFERRED = "deferred"
    #: This reader's mailbox refused for good: `hard` says that there is no such mailbox.
    REJECTED = "rejected"
    #: This message will not go, and the reader is not to blame.
    FAILED = "failed"
    #: The relay refuses *us*: it rests, and an operator must look.
    REFUSED = "refused"
    #: The final dot went out and no usable reply came back.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply; `text` holds all its lines, addresses replaced."""

    code: int
    enhanced: EnhancedCode | None
    text: str

    @property
    def enhanced_code(self) -> str | None:
        return ".".join(map(str, self.enhanced)) if self.enhanced else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of a reply; `reason` is one of a small, stable set of words."""

    kind: Kind
    reason: str = ""
    hard: bool = False
    #: The session cannot be trusted any more.
    drop_connection: bool = False
    #: How long nobody should use this relay.
    rest: timedelta | None = None


GO_ON = Verdict(Kind.GO_ON)
ACCEPTED = Verdict(Kind.ACCEPTED)

NO_SUCH_MAILBOX = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)}
#: Our DNS records, certificates and signatures (Gmail 4.7.23-32 and 5.7.25-30, Outlook 5.7.515).
OUR_AUTHENTICATION = {(7, n) for n in range(23, 33)} - {(7, 28)} | {(7, 515)}
#: The sender's address or domain, which is ours.
OUR_SENDER = {(1, 7), (1, 8)}
LOGIN_CODES = {530, 534, 535, 538}
#: Where a reply can be about the reader of this message.
ABOUT_RECIPIENTS = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})
PROTOCOL_CODES = {500, 501, 502, 504, 555}

QUOTA_REST = timedelta(minutes=10)
BUSY_REST = timedelta(seconds=60)
REFUSED_REST = timedelta(minutes=5)

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_REPLY_LENGTH = 500


def make_reply(code: int, lines: list[str]) -> Reply:
    """Put a reply together from the text of its lines (without the three digits)."""
    match = _ENHANCED.match(lines[0]) if lines else None
    enhanced: EnhancedCode | None = None
    if match and int(match[1]) == code // 100:
        enhanced = (int(match[1]), int(match[2]), int(match[3]))
    return Reply(code, enhanced, redact(" ".join(lines)))


def redact(text: str) -> str:
    """Replace addresses and control characters: a relay's words are kept, a reader's address is not."""
    # Every accepted mail has a reply of its own, with the queue's id in it.
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    if "@" in text:
        text = _ADDRESS.sub("(address)", text)
    return text[:_REPLY_LENGTH]


def classify(phase: Phase, reply: Reply | None) -> Verdict:
    """Say what a reply means at this phase; None is a lost connection or a passed deadline."""
    if reply is None or not 200 <= reply.code <= 599:
        if phase is Phase.DOT:
            return Verdict(Kind.UNKNOWN, "no_reply", drop_connection=True)
        return Verdict(Kind.DEFERRED, "connection_lost", drop_connection=True)
    if reply.code < 400:
        return _positive(phase, reply.code)
    detail = reply.enhanced[1:] if reply.enhanced else None
    if phase in {Phase.CONNECT, Phase.HELO}:
        return _at_the_door(reply.code)
    if detail == (7, 28):
        # About a recipient it is that domain's quota: the throttle silences the domain, and others go on.
        rest = None if phase in ABOUT_RECIPIENTS else QUOTA_REST
        return Verdict(Kind.DEFERRED, "quota", drop_connection=True, rest=rest)
    if detail in OUR_AUTHENTICATION or detail in OUR_SENDER or reply.code in LOGIN_CODES:
        return _refused("our_setup")
    return _temporary(reply.code, detail) if reply.code < 500 else _permanent(phase, reply, detail)


def _positive(phase: Phase, code: int) -> Verdict:
    expected = 3 if phase is Phase.DATA else 2
    if code // 100 == expected:
        return ACCEPTED if phase is Phase.DOT else GO_ON
    if phase is Phase.DOT:
        return Verdict(Kind.UNKNOWN, "no_reply", drop_connection=True)
    return Verdict(Kind.DEFERRED, "out_of_step", drop_connection=True)


def _at_the_door(code: int) -> Verdict:
    if code in LOGIN_CODES or code == 454 or code >= 500:
        return _refused("our_setup" if code in LOGIN_CODES or code == 454 else "relay_refuses")
    return Verdict(Kind.DEFERRED, "relay_busy", drop_connection=True, rest=BUSY_REST)


def _temporary(code: int, detail: tuple[int, ...] | None) -> Verdict:
    if code == 421:
        return Verdict(Kind.DEFERRED, "relay_closing", drop_connection=True, rest=BUSY_REST)
    if code == 454 and (detail is None or detail == (7, 0)):
        return _refused("our_setup")
    reasons: dict[tuple[int, ...], str] = {
        (2, 1): "mailbox_busy",
        (2, 2): "mailbox_full",
        (7, 1): "greylisted",
    }
    if detail is not None and detail[0] == 3:
        return Verdict(Kind.DEFERRED, "relay_busy")
    return Verdict(Kind.DEFERRED, reasons.get(detail or (), "temporary"))


def _permanent(phase: Phase, reply: Reply, detail: tuple[int, ...] | None) -> Verdict:
    code = reply.code
    if detail in {(6, 7), (6, 9)}:
        return Verdict(Kind.FAILED, "needs_smtputf8")
    if detail == (3, 4) or (code == 552 and detail is None and phase is not Phase.RCPT):
        return Verdict(Kind.FAILED, "too_big")
    if code == 503:
        return Verdict(Kind.DEFERRED, "out_of_step", drop_connection=True)
    if phase is Phase.MAIL:
        # Nothing was said about a reader yet: the relay does not want mail from this sender.
        return _refused("sender_refused")
    if detail in NO_SUCH_MAILBOX or code == 556:
        return Verdict(Kind.REJECTED, "no_such_mailbox", hard=True)
    if detail == (2, 1):
        return Verdict(Kind.REJECTED, "mailbox_disabled")
    if detail == (2, 2):
        return Verdict(Kind.REJECTED, "mailbox_full")
    return _permanent_by_class(phase, reply, detail)


def _permanent_by_class(phase: Phase, reply: Reply, detail: tuple[int, ...] | None) -> Verdict:
    if phase is Phase.RCPT and reply.code == 552:
        # "Too many recipients" in RFC 821's spelling; treated as 452 (RFC 5321 4.5.3.1.10).
        return Verdict(Kind.DEFERRED, "temporary")
    if phase is Phase.RCPT and "relay" in reply.text.casefold() and (detail is None or detail[0] == 7):
        # "Relay access denied": we are not known there. Failing every reader for it would be absurd.
        return _refused("our_setup")
    if detail is not None and detail[0] in {6, 7}:
        return Verdict(Kind.FAILED, "content" if detail[0] == 6 else "policy")
    if reply.code in PROTOCOL_CODES:
        return Verdict(Kind.FAILED, "protocol_error", drop_connection=True)
    if phase is Phase.RCPT:
        return Verdict(Kind.REJECTED, "refused_by_mailbox")
    return Verdict(Kind.FAILED, "policy")


def _refused(reason: str) -> Verdict:
    return Verdict(Kind.REFUSED, reason, drop_connection=True, rest=REFUSED_REST)
