"""The watch over the way out: relays that rest or are tried again, and breakers that count what fails."""

import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service.db import transaction
from service.delivery import breakers, relays
from service.delivery.book import Book
from service.delivery.breaker_counts import MailingCounts, RelayCounts
from service.delivery.breakers import ErrorLimit
from service.delivery.crew import Result
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome
from service.delivery.relays import RelayState
from service.relay_addresses import RelayAddress

log = logging.getLogger(__name__)

#: Connections that break in a row, without an answer in between, before the relay itself is held to be ill.
MOST_LOSSES = 3
#: Breakers are told of errors this often.
NOTE_SECONDS = 0.25
#: What others found out about a relay is known here after this long.
LOOK_SECONDS = 0.25


class Watch:
    """Knows which relays may be used; `problem` says why none may."""

    def __init__(self, book: Book, addresses: Sequence[RelayAddress], *, limit: ErrorLimit | None) -> None:
        self.problem = ""
        self.addresses = {address.label: address for address in addresses}
        self._book, self._limit = book, limit
        self._usable: set[str] = set()
        #: Half-open relays whose one trial is ours.
        self._trials: set[str] = set()
        self._praised: set[str] = set()
        self._losses: Counter[str] = Counter()
        #: Successes since the breakers were last told: counted one by one they cost more than their mail.
        self._sent: Counter[tuple[str, int]] = Counter()
        self._by_relay = RelayCounts()
        self._by_mailing = MailingCounts(limit)
        self._noted_at = self._looked_at = time.monotonic()

    @property
    def usable(self) -> set[str]:
        """The relays that take mail, as far as we know."""
        return self._usable

    def look(self) -> set[str]:
        """Ask which relays may be used; a half-open one may be tried by one sender."""
        now = self._book.clock()
        with transaction(self._book.sessions) as session:
            health = relays.usable(session, self.addresses, now=now)
            half_open = {label for label, each in health.items() if each.state is RelayState.HALF_OPEN}
            for label in half_open - self._trials:
                if relays.begin_trial(session, label, now=now):
                    self._trials.add(label)
        self._usable = {label for label in health if label not in half_open or label in self._trials}
        return self._usable

    def refresh(self, session: Session) -> None:
        """See in the caller's transaction which relays others have closed, or opened again."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        health = relays.usable(session, self.addresses, now=self._book.clock())
        open_ones = {label for label, each in health.items() if each.state is RelayState.OPEN}
        self._usable = open_ones | (self._trials & set(health))

    def connections(self, relay: str) -> int:
        """Return how many connections a relay may have; one while it is on trial."""
        return 1 if relay in self._trials else self.addresses[relay].connections

    def on_trial(self, relay: str) -> bool:
        return relay in self._trials

    def answered(self, relay: str, outcome: Outcome, result: Result) -> None:
        """Count what became of a message."""
        if outcome.state is MessageState.SENT:
            self._losses[relay] = 0
            self._sent[relay, outcome.mailing_id] += 1
            if relay not in self._praised:
                self._praise(relay)
            return
        if result.reply is not None:
            self._losses[relay] = 0
        self._by_relay.heard(
            relay, phase=result.phase, verdict=result.verdict, reply=result.reply, now=time.monotonic()
        )
        self._by_mailing.add([outcome])

    def broke(self, relay: str, *, unanswered: bool) -> None:
        """A connection broke in the middle of a conversation, without ever having answered one."""
        self._losses[relay] += 1
        if unanswered or self._losses[relay] >= MOST_LOSSES:
            self._losses[relay] = 0
            self.rest(relay, f"The relay {relay} breaks off every connection.")

    def rest(self, relay: str, problem: str, *, rest: timedelta | None = None) -> None:
        """Let nobody use a relay for a while."""
        if relay not in self._usable:
            return
        self._usable.discard(relay)
        self._trials.discard(relay)
        self._praised.discard(relay)
        log.warning("The relay %s rests: %s", relay, problem)
        with self._book.trying(), transaction(self._book.sessions) as session:
            relays.close(session, relay, problem=problem, now=self._book.clock(), dice=_dice(), rest=rest)
        if not self._usable:
            self.problem = problem

    def note(self, *, last: bool = False) -> None:
        """Tell the breakers what was counted, when it is time."""
        now = time.monotonic()
        if not self._book.away and (last or now - self._noted_at > NOTE_SECONDS):
            self._noted_at = now
            with self._book.trying():
                self._tell(float("inf") if last else now)

    def end(self) -> None:
        """Tell the rest, and give back trials that nothing was left for."""
        self.note(last=True)
        if self._trials - self._praised:
            with self._book.trying(), transaction(self._book.sessions) as session:
                for relay in self._trials - self._praised:
                    relays.end_trial(session, relay)

    def _tell(self, instant: float) -> None:
        now = self._book.clock()
        for (relay, mailing_id), n in self._sent.items():
            self._by_relay.passed(relay, n, now=time.monotonic())
            self._by_mailing.sent(mailing_id, n)
        self._sent.clear()
        for relay, tried in self._by_relay.take().items():
            with transaction(self._book.sessions) as session:
                closed = relays.note(
                    session, relay, tries=tried.tries, errors=tried.errors, now=now, dice=_dice()
                )
            if closed:
                self._usable.discard(relay)
        counts = self._by_mailing.take(instant)
        if not counts:
            return
        with transaction(self._book.sessions) as session:
            tripped = breakers.note(session, counts, now=now, limit=self._limit)
        for each in tripped:
            log.error("The mailing %s is paused: %s", each.mailing_id, each.reason)

    def _praise(self, relay: str) -> None:
        """Say once that a message got through, which ends what was wrong with the relay."""
        self._praised.add(relay)
        self._trials.discard(relay)
        with self._book.trying(), transaction(self._book.sessions) as session:
            relays.worked(session, relay, now=self._book.clock())


def _dice() -> float:
    return random.random()  # noqa: S311  # jitter, not a secret
