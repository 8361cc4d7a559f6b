"""One pass of planning: keeps what it has read and printed from slice to slice."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState, MessageState
from service.digests import desk, editions, rows, slots
from service.digests.desk import Desk, Fresh
from service.digests.due import DueReader, Timetable
from service.digests.models import Run
from service.digests.report import PlanReport
from service.digests.rows import Outcome
from service.digests.selection.values import TOO_FEW, Skip
from service.digests.slots import Slot
from service.digests.stopwatch import Stopwatch
from service.digests.writing import SHELF_LIFE
from service.links import Links
from service.newsletters import queries
from service.newsletters.models import Rhythm
from service.newsletters.queries import Merge
from service.recipes.queries import MEMORY

_NOTHING: frozenset[int] = frozenset()
#: Choices and recipes that are remembered, some 300 bytes each: equal readers lie anywhere in the tables.
_MOST = 1_500_000


class Planner:
    """Plans slices of locked readers.

    Recipes are committed by themselves before the rows that name them: they mean nothing without, and no
    planner waits for another one's slice because both chose the same.
    """

    def __init__(
        self, sessions: Sessions, *, links: Links, lowest: Mapping[Slot, int], now: datetime
    ) -> None:
        self._sessions, self._links, self._lowest, self._now = sessions, links, lowest, now
        self._timetable = Timetable(now=now)
        self._desks: dict[Slot, Desk] = {}
        self._merges: dict[int, tuple[Merge, ...]] = {}
        self.watch = Stopwatch()
        #: Nobody who had the last digest before this can remember one that matters.
        self._memory = (now - MEMORY).date()

    def plan_slice(self, session: Session, readers: Sequence[DueReader]) -> PlanReport:
        """Write the rows of readers whose subscriptions are locked, and move their slots on."""
        for newsletter_id in {reader.newsletter_id for reader in readers}:
            self._follow_merges(session, newsletter_id)
        outcomes: list[Outcome] = []
        by_slot: dict[Slot, list[DueReader]] = {}
        for reader in readers:
            turn = self._timetable.turn(reader)
            if turn.slot is None:
                outcomes.append(Outcome(reader.id, reader.subscriber_id, turn.next_due_at))
            else:
                by_slot.setdefault(turn.slot, []).append(reader)
        paused, waiting = len(outcomes), 0
        for slot in sorted(by_slot, key=lambda one: (one.rhythm, one.period, one.at, one.today)):
            own = self._outcomes(session, slot, by_slot[slot])
            waits = sum(one.mailing_id is None for one in own)
            if waits:
                self._count_waiting(session, slot, waits)
            waiting += waits
            outcomes += own
        with self.watch.stage("rows"):
            written = rows.write(session, outcomes, now=self._now)
        if sum(here.size for here in self._desks.values()) > _MOST:
            for here in self._desks.values():
                here.forget()
        return _report(written, paused=paused, waiting=waiting)

    def _outcomes(self, session: Session, slot: Slot, readers: Sequence[DueReader]) -> list[Outcome]:
        here = self._desk(session, slot, readers)
        state = session.scalar(select(Mailing.state).where(Mailing.id == here.mailing_id))
        if state is MailingState.STOPPED:
            return [self._skipped(here, reader, "stopped") for reader in readers]
        if slots.too_late(slot, now=self._now):
            return [self._skipped(here, reader, slots.PASSED) for reader in readers]
        fresh: Fresh = {}
        with self.watch.stage("choose"):
            chosen = self._chosen(session, here, readers, fresh=fresh)
        with self.watch.stage("recipes"):
            self._keep(here, fresh)
        day = slot.today.isoformat()
        expires_at = self._now + SHELF_LIFE[slot.rhythm]
        details = json.dumps({"expires_at": expires_at.isoformat(), "slot_at": slot.at.isoformat()})
        return [
            self._skipped(here, reader, choice.reason)
            if isinstance(choice, Skip)
            else Outcome(
                reader.id,
                reader.subscriber_id,
                self._timetable.turn(reader).next_due_at,
                here.mailing_id,
                here.recipe_ids[choice],
                "",
                reader.watermark,
                max(reader.watermark, here.cutoff_seq),
                day,
                details,
            )
            for reader, choice in chosen
        ]

    def _chosen(
        self, session: Session, here: Desk, readers: Sequence[DueReader], *, fresh: Fresh
    ) -> list[tuple[DueReader, bytes | Skip]]:
        memory, today = self._memory, here.slot.today
        with self.watch.stage("received"):
            some = [one.id for one in readers if one.last_digest_on and one.last_digest_on >= memory]
            had = here.offer.received(session, some)
        chosen: list[tuple[DueReader, bytes | Skip]] = []
        for reader in readers:
            # A reader who moved west may live the day of the last digest, or the one before, once more.
            if reader.last_digest_on is not None and reader.last_digest_on >= today:
                chosen.append((reader, Skip("already_today")))
            else:
                choice = here.choose(reader, had=had.get(reader.id, _NOTHING), fresh=fresh)
                chosen.append((reader, choice))
        return chosen

    def _skipped(self, here: Desk, reader: DueReader, reason: str) -> Outcome:
        # Whoever waits for enough and looked in vain is no skipped reader (docs/adr/0015).
        waits = here.slot.rhythm is Rhythm.ENOUGH and reason == TOO_FEW
        return Outcome(
            reader.id,
            reader.subscriber_id,
            self._timetable.turn(reader).next_due_at,
            mailing_id=None if waits else here.mailing_id,
            reason=reason,
        )

    def _keep(self, here: Desk, fresh: Fresh) -> None:
        for locale, recipes in sorted(fresh.items()):
            press = here.press(locale)
            with transaction(self._sessions) as session:
                made = press.keep(session, recipes.values(), now=self._now)
            press.kept()
            here.recipe_ids |= made

    def _desk(self, session: Session, slot: Slot, readers: Sequence[DueReader]) -> Desk:
        lowest = min(reader.watermark for reader in readers)
        found = self._desks.get(slot)
        if found is None or lowest < found.lowest:
            lowest = min(lowest, self._lowest.get(slot, lowest))
            with self.watch.stage("prepare"):
                run = editions.open_runs(session, [slot], now=self._now)[slot]
                found = desk.prepare(session, slot, run, lowest=lowest, links=self._links, now=self._now)
            self._desks[slot] = found
        return found

    def _follow_merges(self, session: Session, newsletter_id: int) -> None:
        """Read anew what may be sent where readers have moved to another topic: its articles came along.

        Asked after the readers are locked, so that whoever is seen to have moved is seen with them.
        """
        there = queries.merges(session, newsletter_id)
        before = self._merges.get(newsletter_id, there)
        self._merges[newsletter_id] = there
        if there != before or any(each.under_way for each in there):
            self._desks = {
                slot: here for slot, here in self._desks.items() if slot.newsletter_id != newsletter_id
            }

    def _count_waiting(self, session: Session, slot: Slot, count: int) -> None:
        session.execute(
            update(Run)
            .where(Run.id == self._desks[slot].run_id)
            .values(waiting=Run.waiting + count)
            .execution_options(synchronize_session=False)
        )


def _report(written: Counter[tuple[MessageState, str]], *, paused: int, waiting: int) -> PlanReport:
    planned = sum(count for (state, _), count in written.items() if state is MessageState.PLANNED)
    return PlanReport(
        planned=planned,
        skipped=written.total() - planned,
        paused=paused,
        waiting=waiting,
        dropped=written[MessageState.SKIPPED, slots.PASSED],
    )
