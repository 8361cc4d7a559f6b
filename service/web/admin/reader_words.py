"""Readers in words: whole or masked addresses, what they declared, why they are refused."""

from service.operators.models import Role
from service.operators.roles import allows
from service.ops.reader_list import Which
from service.subscribers import addresses
from service.subscribers.choices import RHYTHMS
from service.subscribers.merging import Outcome
from service.subscribers.models import ConsentKind, SubscriptionState
from service.web.admin import auth

#: Kinds of lists, in the order of their tabs; the last two only where a number leads to them.
WHICH = {
    Which.ANY: "All",
    Which.ACTIVE: "Active",
    Which.PAUSED: "Paused",
    Which.PENDING: "Not confirmed",
    Which.UNSUBSCRIBED: "Unsubscribed",
    Which.STRANDED: "Only closed topics",
    Which.BOUNCED: "Bounced",
    Which.COMPLAINED: "Complained",
    Which.SUPPRESSED: "Suppressed",
    Which.JOINED: "Joined",
    Which.LEFT: "Left",
}
STATES = {
    SubscriptionState.ACTIVE: ("active", "good"),
    SubscriptionState.PENDING: ("not confirmed", "warn"),
    SubscriptionState.UNSUBSCRIBED: ("unsubscribed", "off"),
}
#: What happened, and its mark.
DECLARED = {
    ConsentKind.REQUESTED: ("Asked for it", ""),
    ConsentKind.CONFIRMED: ("Confirmed", "good"),
    ConsentKind.ANNOUNCEMENTS_ON: ("Said yes to announcements", "good"),
    ConsentKind.ANNOUNCEMENTS_OFF: ("Took the yes to announcements back", "warn"),
    ConsentKind.PREFERENCES_CHANGED: ("Preferences changed", ""),
    ConsentKind.PAUSED: ("Paused", "warn"),
    ConsentKind.RESUMED: ("Resumed", "good"),
    ConsentKind.UNSUBSCRIBED: ("Unsubscribed", "bad"),
    ConsentKind.NEVER_AGAIN: ("Asked never to be written to again", "bad"),
    ConsentKind.RETURNED: ("Came back", "good"),
    ConsentKind.ADDRESS_CHANGED: ("Address changed", ""),
}
CHANNELS = {
    "form": "on the sign-up page",
    "frame": "in the frame on your site",
    "embed": "in the form on your site",
    "api": "through the API",
    "confirmation": "by the link in the confirmation mail",
    "preferences": "on the preference page",
    "one-click": "by the mail program’s unsubscribe button",
    "page": "on the unsubscribe page",
    "undo": "by the button that takes it back",
    "address": "by the link in the new inbox",
    "never-again": "by the link in the confirmation mail",
}
EVENTS = {
    "hard_bounce": ("Bounced for good", "bad"),
    "soft_bounce": ("Bounced for now", "warn"),
    "complaint": ("Complained: marked it as spam", "bad"),
    "delivered": ("Delivered", "good"),
}
ACTS = {
    "reader.exported": "Exported everything that is known",
    "reader.suppressed": "Put the address on the suppression list",
    "reader.suppression_lifted": "Took the address off the suppression list",
    "reader.merged": "Merged with another reader",
}
SUPPRESSED = {
    "complaint": "complained: marked our mail as spam",
    "hard_bounce": "the mailbox does not exist, or has refused for weeks",
    "never_again": "asked never to be written to again",
    "operator": "put there by an operator",
    "erased": "erased at their own wish, until they sign up again themselves",
}
MERGED = {
    Outcome.KEPT: "Both get it. It comes once, as the kept address has set it.",
    Outcome.STAYS: "Stays as the kept address has it.",
    Outcome.MOVES: "Moves to the kept address, with its choices and its past mails.",
    Outcome.CARRIED: "The kept address never confirmed it; it comes as the other one had set it.",
    Outcome.LEFT: "The kept address has left it. Leaving wins: it does not come back.",
}


def shown(email: str) -> str:
    """Return an address whole to those who work with readers, and masked to everybody else."""
    return email if sees_addresses() else addresses.mask(email)


def sees_addresses() -> bool:
    """Say whether this operator sees whole addresses."""
    return allows(auth.current_operator().role, Role.EDITOR)


def rhythm(name: str) -> str:
    """weekly -> Weekly"""
    return next((str(words) for each, words in RHYTHMS.items() if each == name), name)


def context() -> dict[str, object]:
    """What templates about readers have at hand."""
    return {
        "shown": shown,
        "sees_addresses": sees_addresses,
        "reader_states": STATES,
        "suppressed_words": SUPPRESSED,
        "rhythm_name": rhythm,
    }
