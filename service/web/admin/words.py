"""The ledger's small stable words as people say them, and numbers as people read them."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from math import sqrt
from typing import Any

from flask import Blueprint, current_app, url_for

from service.delivery.models import MailingState, MessageState
from service.delivery.relays import RelayState
from service.ops.traffic import ErrorMap
from service.web.admin import queue_plots
from service.web.context import now

REASONS = {
    # why somebody was skipped
    "too_few": "too few new articles in their topics",
    "slot_passed": "their hour had passed for too long",
    "first_digest_pending": "the first digest comes within a minute",
    "pending": "not confirmed yet",
    "no_slot": "no digest is due",
    "already_today": "had a digest on the same day",
    "stopped": "the mailing was stopped",
    "unsubscribed": "unsubscribed in the meantime",
    "announcements_off": "took back the consent to announcements",
    "no_announcements": "took back the consent to announcements",
    "paused": "pauses their subscription",
    "suppressed": "on the suppression list",
    "never_again": "asked never to be written to again",
    "erased": "erased",
    "withdrawn": "the article was withdrawn",
    "cancelled": "cancelled",
    "frequency_cap": "had another blast shortly before",
    # why a message failed, or waits
    "no_such_mailbox": "no such mailbox",
    "mailbox_disabled": "the mailbox is disabled",
    "mailbox_full": "the mailbox is full",
    "mailbox_busy": "the mailbox is busy",
    "refused_by_mailbox": "refused by the mailbox",
    "policy": "refused by the receiver's rules",
    "content": "refused because of its content",
    "too_big": "too big for the receiver",
    "needs_smtputf8": "the relay cannot write such addresses",
    "protocol_error": "the relay and we did not understand each other",
    "out_of_step": "the relay and we did not understand each other",
    "too_late": "not sent in time",
    "expired": "not sent in time",
    "greylisted": "the receiver asks to try again later",
    "temporary": "the receiver asks to try again later",
    "quota": "our quota at the relay is used up",
    "relay_busy": "the relay is busy",
    "relay_closing": "the relay is closing",
    "relay_refuses": "the relay refuses us",
    "our_setup": "the relay refuses our set-up",
    "sender_refused": "the relay refuses our sender address",
    "connection_lost": "the connection was lost",
    "no_reply": "no answer after the mail was handed over",
    "left": "left as it is, by an operator's decision",
}

STATES: dict[str, tuple[str, str]] = {
    # message states: words, mark
    MessageState.PLANNED: ("planned", ""),
    MessageState.HELD: ("held", "warn"),
    MessageState.CLAIMED: ("in a worker's hands", ""),
    "sending": ("being sent", "good"),
    MessageState.SENT: ("sent", "good"),
    MessageState.DEFERRED: ("to be tried again", "warn"),
    MessageState.FAILED: ("failed", "bad"),
    MessageState.SKIPPED: ("skipped", "off"),
    MessageState.CANCELLED: ("cancelled", "off"),
    MessageState.EXPIRED: ("expired", "bad"),
    MessageState.UNKNOWN: ("unknown", "warn"),
    # mailing and blast states beyond those
    MailingState.SCHEDULED: ("scheduled", ""),
    MailingState.PAUSED: ("paused", "warn"),
    MailingState.STOPPED: ("stopped", "off"),
    MailingState.FINISHED: ("finished", "good"),
    "draft": ("draft", ""),
    "awaiting": ("waits for a second sender", "warn"),
    "idle": ("waiting", "off"),
    # relays
    RelayState.OPEN: ("open", "good"),
    RelayState.RESTING: ("resting", "bad"),
    RelayState.HALF_OPEN: ("being tried", "warn"),
}

KINDS = {
    "confirm": "Confirmation",
    "reminder": "Reminder to confirm",
    "already_subscribed": "“You are already signed up”",
    "welcome": "Welcome",
    "digest": "Digest",
    "blast": "Blast",
    "blast_test": "Test of a blast",
    "operator_invitation": "Invitation of an operator",
    "operator_password": "Forgotten password of an operator",
    "relay_test": "Test of a relay",
}

PHASES = {
    "connect": "while connecting",
    "helo": "at the greeting",
    "mail": "at our sender address",
    "rcpt": "at the reader's address",
    "data": "before the text",
    "dot": "after the text",
}


def reason(word: str) -> str:
    """Say a reason in words; one that is new here is shown as it is."""
    return REASONS.get(word, word.replace("_", " ") or "no reason recorded")


def state(word: str) -> str:
    return STATES[word][0]


def state_mark(word: str) -> str:
    """Return the class of the dot that stands before the word."""
    return STATES[word][1]


def number(value: int) -> str:
    """12,345"""
    return f"{value:,}"


def pace(rate: float) -> str:
    """A number of messages in a length of time that people can imagine: 12.5 a second, 6 a minute."""
    if rate >= 10:
        return f"{rate:,.0f} a second"
    if rate >= 1:
        return f"{rate:.1f}".removesuffix(".0") + " a second"
    return f"{rate * 60:.0f} a minute"


def span(length: timedelta) -> str:
    """How long something lasts or has waited: "40 s", "3 min", "2 h 5 min", "4 days"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds // 86400} days"


def seconds(length: float) -> str:
    """A measured length of time: "0.5 s", "12 s", "3 min"."""
    return f"{length:.1f} s" if length < 10 else span(timedelta(seconds=length))


def heat(errors: ErrorMap, n: int) -> int:
    """Return how dark a cell of the map of errors is, 0 to 5: by the root, so that a few are seen too."""
    return 1 + round(4 * sqrt(n / errors.highest)) if n else 0


def waited(since: datetime) -> str:
    """How long somebody has been waiting, by this request's instant."""
    return span(now() - since)


def until(instant: datetime) -> str:
    """How long it is until then, by this request's instant."""
    return span(instant - now())


def is_near(instant: datetime) -> bool:
    """Whether something happens within two minutes: a page without scripts then loads itself anew."""
    return instant - now() < timedelta(minutes=2)


def is_overdue(hour: datetime) -> bool:
    """Whether an hour is over."""
    return hour + timedelta(hours=1) <= now()


def is_ahead(instant: datetime) -> bool:
    return instant > now()


def either(names: Collection[str]) -> str:
    """Science, Energy or Travel"""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def url_if(endpoint: str, **values: object) -> str | None:
    """Return the address of a page, or None where this installation has no such page."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None  # type: ignore[arg-type]  # Flask types its values one by one


def install(blueprint: Blueprint) -> None:
    """Give the console's templates these words as filters."""
    filters: dict[str, Callable[..., Any]] = {
        "reason": reason,
        "state": state,
        "state_mark": state_mark,
        "number": number,
        "pace": pace,
        "span": span,
        "either": either,
        "waited": waited,
        "until": until,
        "seconds": seconds,
        "heat": heat,
        "spark": queue_plots.spark,
        "day_plot": queue_plots.day_plot,
    }
    for name, words in filters.items():
        blueprint.add_app_template_filter(words, name)
    blueprint.add_app_template_test(is_near, "near")
    blueprint.add_app_template_test(is_overdue, "overdue")
    blueprint.add_app_template_test(is_ahead, "ahead")
    blueprint.add_app_template_global(url_if, "url_if")
