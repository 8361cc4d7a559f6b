"""A dry run of a whole edition: everybody's digest is chosen and counted, and nothing is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.articles import settling
from service.articles.models import Article
from service.delivery.models import MailingTally, MessageState
from service.digests import choosing, pool, sampling, slots
from service.digests.received import OnOffer, on_offer
from service.digests.selection import drawing
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Reader, Selection, Skip
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import reach
from service.subscribers.models import Subscription

#: Of so few the database asks one by one what they got; of many it would read the whole ledger.
_SLICE = 200
#: Less than this in its best hour says nothing about how quick a relay is.
_TELLING = 1_000
#: Recipes shown, and topics with less than so many new stories are called thin.
TOP, THIN = 10, 3
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Rehearsal:
    """What an edition would be, if its readers were due now."""

    newsletter: str
    rhythm: Rhythm
    #: Readers of this rhythm, and how many of them were looked at.
    readers: int
    looked_at: int = 0
    by_items: Counter[int] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    #: (topic, new stories in it) where there are few.
    thin_topics: list[tuple[str, int]] = field(default_factory=list)
    recipes: int = 0
    #: (subject's headline, items, readers) of those that most would get.
    biggest: list[tuple[str, int, int]] = field(default_factory=list)
    #: Seconds of sending, judged by the best hour of the last week; None where nothing was sent in it.
    seconds: float | None = None

    @property
    def planned(self) -> int:
        return sum(self.by_items.values())

    @property
    def is_exact(self) -> bool:
        return self.looked_at >= self.readers

    def of_all(self, n: int) -> int:
        """Say of all readers what was true of so many of those looked at."""
        return n if self.is_exact else round(self.readers * n / max(self.looked_at, 1))


def rehearse(
    session: Session,
    newsletter: Newsletter,
    *,
    rhythm: Rhythm,
    now: datetime,
    most: int | None = None,
    seconds: float = float("inf"),
    progress: Progress = lambda _done, _total: None,
) -> Rehearsal:
    """Choose for every reader of a rhythm with what is settled now; for `most` of them where that is given.

    Those of a limited run are spread over all, by number; after so many seconds of choosing no others follow.
    """
    due = sampling.whom(newsletter.id, rhythm)
    drawn = sampling.draw(session, newsletter.id, rhythm, most=most) if most else None
    total = drawn.total if drawn else session.scalar(select(func.count()).where(*due)) or 0
    found = Rehearsal(newsletter.name, rhythm, readers=total)
    looked_at = due if drawn is None else (Subscription.id.in_(drawn.ids),)
    lowest, first_at = session.execute(
        select(func.min(Subscription.watermark), func.min(Subscription.next_due_at)).where(*looked_at)
    ).one()
    candidates = pool.load_window(
        session,
        newsletter,
        rhythm=rhythm,
        after_seq=lowest or 0,
        until_seq=settling.cutoff(session),
        seed=drawing.seed(newsletter.id, rhythm, "rehearsal"),
        now=max(now, first_at or now),
    )
    offered = tuple((topic.id, topic.name) for topic in newsletter.open_topics)
    shelves = Shelves(candidates, offered=offered)
    had = on_offer(session, [one.story_id for one in candidates], now=now)
    made: dict[Reader, Selection | Skip] = {}
    recipes: Counter[tuple[int, ...]] = Counter()
    slices = sampling.portions(session, drawn.ids, seconds=seconds) if drawn else _slices(session, due)
    for slice_ in slices:
        _choose(session, slice_, found, made, recipes, shelves, had, newsletter, now=now)
        progress(found.looked_at, min(total, most or total))
    found.recipes = len(recipes)
    found.biggest = _biggest(session, recipes)
    found.thin_topics = _thin(shelves, offered, watermark=_common_mark(made))
    found.readers = max(found.readers, found.looked_at)
    found.seconds = _duration(session, found.of_all(found.planned), now=now)
    return found


def _slices(session: Session, due: tuple[ColumnElement[bool], ...]) -> Iterator[list[Subscription]]:
    after = 0
    while True:
        query = select(Subscription).where(*due, Subscription.id > after)
        rows = list(session.scalars(query.order_by(Subscription.id).limit(_SLICE)).unique())
        if not rows:
            return
        yield rows
        after = rows[-1].id
        # Hundreds of thousands are looked at, and none is kept.
        session.expunge_all()


def _choose(
    session: Session,
    readers: Sequence[Subscription],
    found: Rehearsal,
    made: dict[Reader, Selection | Skip],
    recipes: Counter[tuple[int, ...]],
    shelves: Shelves,
    had: OnOffer,
    newsletter: Newsletter,
    *,
    now: datetime,
) -> None:
    received = had.received(session, [one.id for one in readers])
    for one in readers:
        found.looked_at += 1
        slot = slots.slot_of(one, now=max(now, one.next_due_at or now))
        if reach.is_paused(one, now=slot.at):
            found.skipped["paused"] += 1
            continue
        if one.last_digest_on is not None and one.last_digest_on >= slot.today:
            found.skipped["already_today"] += 1
            continue
        reader = choosing.reader_of(
            one,
            newsletter=newsletter,
            offered=shelves.offered,
            rhythm=found.rhythm,
            received=received.get(one.id, frozenset()),
            watermark=one.watermark,
        )
        outcome = made.get(reader)
        if outcome is None:
            outcome = made[reader] = choosing.select(shelves, reader)
        if isinstance(outcome, Skip):
            found.skipped[outcome.reason] += 1
        else:
            found.by_items[len(outcome.article_ids)] += 1
            recipes[outcome.article_ids] += 1


def _biggest(session: Session, recipes: Counter[tuple[int, ...]]) -> list[tuple[str, int, int]]:
    top = recipes.most_common(TOP)
    leads = {article_ids[0] for article_ids, _ in top}
    titles = dict(session.execute(select(Article.id, Article.title).where(Article.id.in_(leads))).all())
    return [(titles.get(ids[0], ""), len(ids), readers) for ids, readers in top]


def _common_mark(made: dict[Reader, Selection | Skip]) -> int:
    """Return the watermark of most readers: what is new is what is new to them."""
    marks = Counter(reader.watermark for reader in made)
    return marks.most_common(1)[0][0] if marks else 0


def _thin(shelves: Shelves, offered: tuple[tuple[int, str], ...], *, watermark: int) -> list[tuple[str, int]]:
    counts = [(name, len(shelves.view(watermark).fresh.get(topic_id, ()))) for topic_id, name in offered]
    return [(name, n) for name, n in counts if n < THIN]


def _duration(session: Session, messages: int, *, now: datetime) -> float | None:
    """Judge by the hour of the last week in which most was sent."""
    sent = func.sum(MailingTally.n)
    best = session.scalar(
        select(sent)
        .where(MailingTally.state == MessageState.SENT, MailingTally.hour >= now - slots.WEEK)
        .group_by(MailingTally.hour)
        .order_by(sent.desc())
        .limit(1)
    )
    return messages / (int(best) / 3600) if best and best >= _TELLING else None
