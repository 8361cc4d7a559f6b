"""What a pin would change: readers' next digests are chosen twice, with it and without it, and compared.

Nobody is counted in a request: as many readers are looked at as the time allows, some hundred, spread over
all by their numbers, and what is true of them is said of all, with how far that may be off. Few readers are
all looked at, and counted.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import sqrt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles import settling
from service.articles.models import Article
from service.digests import choosing, pool, sampling, slots
from service.digests.folding import StoryCuration
from service.digests.models import CurationKind
from service.digests.received import on_offer
from service.digests.selection import crowd, drawing
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import EVERYWHERE, Candidate, Reader, Skip
from service.errors import NotFound
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import reach
from service.subscribers.models import Subscription

#: Readers looked at where the time is enough: with more the answer is hardly better.
SAMPLE = 500
#: Seconds for choosing; a page has a few tenths in all. No fewer than a portion are looked at.
PATIENCE = 0.1
#: Stories named that would give way.
_NAMED = 5
#: Nineteen of twenty times the truth lies within so many standard deviations.
_SURE = 1.96


@dataclass(slots=True)
class Trial:
    """What became of the digests that were chosen twice."""

    rhythm: Rhythm
    #: Active readers of this rhythm; when fewer were looked at, this is what it is an estimate for.
    readers: int
    looked_at: int = 0
    #: Of those looked at: who would get the story without a pin, and with it.
    before: int = 0
    after: int = 0
    #: Who had it already; it does not come twice.
    had: int = 0
    #: Who would get a digest only because of it.
    woken: int = 0
    gives_way: Counter[int] = field(default_factory=Counter)
    #: (article, title, readers) of what would give way most often.
    giving_way: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        return self.looked_at >= self.readers

    @property
    def gained(self) -> int:
        """How many more of all readers would get it."""
        return self._of_all(self.after - self.before)

    @property
    def give_or_take(self) -> int:
        """How far the number of those who gain it may be off; 0 when everybody was looked at."""
        if self.is_exact or not self.looked_at:
            return 0
        # Two more of each kind, so that "all of them" and "none of them" are not said to be certain
        # (A. Agresti, B. Coull, "Approximate is better than 'exact'", 1998).
        many = self.looked_at + 4
        share = (min(abs(self.after - self.before), self.looked_at) + 2) / many
        return round(_SURE * sqrt(share * (1 - share) / many) * self.readers)

    def _of_all(self, n: int) -> int:
        return n if self.is_exact else round(self.readers * n / max(self.looked_at, 1))


def try_pin(
    session: Session,
    article_id: int,
    *,
    topic_id: int = EVERYWHERE,
    rhythm: Rhythm,
    now: datetime,
    seconds: float = PATIENCE,
) -> Trial:
    """Choose the next digests of readers of a rhythm with this pin and without it. Changes nothing.

    After so many seconds no more readers are looked at.

    :raises NotFound: there is no such article.
    """
    article = session.get(Article, article_id)
    if article is None:
        raise NotFound("There is no such article.")
    newsletter = session.get_one(Newsletter, article.newsletter_id)
    drawn = sampling.draw(session, newsletter.id, rhythm, most=SAMPLE)
    found = Trial(rhythm, readers=max(drawn.total, len(drawn.ids)))
    if not drawn.ids:
        return found
    story_id = article.story_id or article.id
    marks = select(func.min(Subscription.watermark)).where(Subscription.id.in_(drawn.ids))
    window = pool.read_window(
        session,
        newsletter,
        rhythm=rhythm,
        after_seq=session.scalar(marks) or 0,
        until_seq=settling.cutoff(session),
        seed=drawing.seed(newsletter.id, rhythm, "rehearsal"),
        now=now,
        also=[story_id],
    )
    pin = StoryCuration(story_id, article_id, CurationKind.PIN, topic_id)
    before = window.fold()
    # Only this story changes; the others are folded once.
    own = replace(window, members=tuple(one for one in window.members if one.story_id == story_id))
    others = [one for one in before if one.story_id != story_id]
    pinned = [one for one in own.fold(pin) if one.story_id == story_id]
    after = sorted([*others, *pinned], key=lambda one: one.article_id)
    compare = _Comparison(newsletter, story_id, before, after)
    offer = on_offer(session, compare.on_offer, now=now)
    for readers in sampling.portions(session, drawn.ids, seconds=seconds):
        received = offer.received(session, [one.id for one in readers])
        for one in readers:
            slot = slots.slot_of(one, now=max(now, one.next_due_at or now))
            found.looked_at += 1
            if not reach.is_paused(one, now=slot.at):
                compare.note(found, one, had=received.get(one.id, frozenset()))
    found.giving_way = _named(session, found.gives_way)
    return found


class _Comparison:
    """The shelves without the pin and with it; readers with equal input are chosen for once."""

    def __init__(
        self, newsletter: Newsletter, story_id: int, before: list[Candidate], after: list[Candidate]
    ) -> None:
        self.newsletter, self.story_id = newsletter, story_id
        self.offered = choosing.offer(newsletter)
        self.shelves = (Shelves(before, offered=self.offered), Shelves(after, offered=self.offered))
        self.on_offer = frozenset({story_id, *(one.story_id for one in after)})
        self.made: dict[Reader, tuple[frozenset[int], frozenset[int]]] = {}

    def note(self, found: Trial, one: Subscription, *, had: frozenset[int]) -> None:
        reader = choosing.reader_of(
            one,
            newsletter=self.newsletter,
            offered=self.offered,
            rhythm=found.rhythm,
            received=had,
            watermark=one.watermark,
        )
        both = self.made.get(reader)
        if both is None:
            without, with_it = (_articles(shelves, reader) for shelves in self.shelves)
            both = self.made[reader] = (without, with_it)
        before, after = both
        found.had += self.story_id in had
        found.before += self._is_in(before, 0)
        found.after += self._is_in(after, 1)
        found.woken += bool(after) and not before
        if before and after:
            found.gives_way.update(before - after - self._own(0))

    def _is_in(self, article_ids: frozenset[int], which: int) -> bool:
        return not article_ids.isdisjoint(self._own(which))

    def _own(self, which: int) -> frozenset[int]:
        """The article that stands for the story: a pin may choose another of its reports."""
        article_id = self.shelves[which].article_of.get(self.story_id)
        return frozenset() if article_id is None else frozenset({article_id})


def _articles(shelves: Shelves, reader: Reader) -> frozenset[int]:
    taken = crowd.choose(shelves, reader)
    return frozenset() if isinstance(taken, Skip) else frozenset(one.candidate.article_id for one in taken)


def _named(session: Session, gives_way: Counter[int]) -> list[tuple[int, str, int]]:
    top = gives_way.most_common(_NAMED)
    titles = dict(
        session.execute(
            select(Article.id, Article.title).where(Article.id.in_([key for key, _ in top]))
        ).all()
    )
    return [(key, titles[key], n) for key, n in top if key in titles]
