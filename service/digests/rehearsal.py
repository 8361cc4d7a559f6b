"""A dry run of a whole edition: everybody's digest is chosen and counted, and nothing is written."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.articles import settling
from service.articles.models import Article
from service.delivery.models import MailingTally, MessageState
from service.digests import choosing, pool, slots
from service.digests.received import received_stories
from service.digests.selection import drawing
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Reader, Selection, Skip
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import reach
from service.subscribers.models import Subscription, SubscriptionState

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


def rehearse(
    session: Session,
    newsletter: Newsletter,
    *,
    rhythm: Rhythm,
    now: datetime,
    most: int | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Rehearsal:
    """Choose for every reader of a rhythm with what is settled now; for `most` of them where that is given.

    Those of a limited run are spread over all, by number.
    """
    due = (
        Subscription.newsletter_id == newsletter.id,
        Subscription.rhythm == rhythm,
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.first_digest_pending.is_(False),
    )
    count = session.scalar(select(func.count()).select_from(Subscription).where(*due)) or 0
    found = Rehearsal(newsletter.name, rhythm, readers=count)
    ids = _spread(session, due, count=count, most=most) if most else None
    looked_at = due if ids is None else (Subscription.id.in_(ids),)
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
    made: dict[Reader, Selection | Skip] = {}
    recipes: Counter[tuple[int, ...]] = Counter()
    total = count if ids is None else len(ids)
    for slice_ in _slices(session, looked_at):
        _choose(session, slice_, found, made, recipes, shelves, newsletter, now=now)
        progress(found.looked_at, total)
    found.recipes = len(recipes)
    found.biggest = _biggest(session, recipes)
    found.thin_topics = _thin(shelves, offered, watermark=_common_mark(made))
    found.seconds = _duration(session, round(found.planned * count / max(total, 1)), now=now)
    return found


def _spread(session: Session, due: tuple[ColumnElement[bool], ...], *, count: int, most: int) -> list[int]:
    """Return the ids of so many of them, from everywhere between the first and the last."""
    if count <= most:
        return list(session.scalars(select(Subscription.id).where(*due)))
    first, last = session.execute(
        select(func.min(Subscription.id), func.max(Subscription.id)).where(*due)
    ).one()
    starts = func.unnest(cast([first + (last - first) * n // most for n in range(most)], ARRAY(BigInteger)))
    start = select(starts.label("id")).subquery()
    # From each place on the next one: the readers between two places are not read.
    following = (
        select(Subscription.id)
        .where(*due, Subscription.id >= start.c.id)
        .order_by(Subscription.id)
        .limit(1)
        .lateral()
    )
    return list(session.scalars(select(following.c.id).select_from(start).join(following, true()).distinct()))


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
    readers: list[Subscription],
    found: Rehearsal,
    made: dict[Reader, Selection | Skip],
    recipes: Counter[tuple[int, ...]],
    shelves: Shelves,
    newsletter: Newsletter,
    *,
    now: datetime,
) -> None:
    received = received_stories(session, [one.id for one in readers], now=now)
    on_offer = frozenset(one.story_id for one in shelves.candidates)
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
            received=received.get(one.id, frozenset()) & on_offer,
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
