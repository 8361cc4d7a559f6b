"""What a selection is made from, and what it is."""

from dataclasses import dataclass, field
from typing import NamedTuple

#: A pin, boost or exclusion that holds for every reader of the newsletter; no topic has this id.
EVERYWHERE = 0
#: Nothing is called "most read" on fewer clicks than this (tiny worlds have no popular section).
POPULAR_OBSERVED = 20
#: Why a reader is skipped for whom there is too little.
TOO_FEW = "too_few"


class Place(NamedTuple):
    """A story in one topic: where it stands in the one order, and what it is worth there."""

    topic_id: int
    seq: int
    #: e to the power of the log-lift and the editors' boost: 1 is an average article.
    lift: float
    #: Whether editors have raised it here, which its reason says.
    boosted: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that may be chosen, as every reader of one run sees it: made once per run.

    Near duplicates are one candidate: the article that represents them, in the topics of them all.
    """

    article_id: int
    #: Where it may be chosen: settled, in topics that are offered, not excluded there by an operator.
    places: tuple[Place, ...]
    source_id: int
    #: Equal for near duplicates, which come once; the smallest of their article ids.
    story_id: int
    #: Every topic of its articles, settled or not: a reader who excludes one of them does not get it.
    topic_ids: frozenset[int]
    author: str | None = None
    #: Clicked more than expected, and often enough to say so.
    popular: bool = False
    #: May still come to a reader who has not had it, though it is new no longer; if it is popular.
    missable: bool = True
    #: Drawn once per edition from N(score, sd²), for the exploration slot.
    draw: float = 0.0
    has_image: bool = False
    #: Topics whose readers get it as an editor's pick, or EVERYWHERE.
    pins: frozenset[int] = frozenset()

    #: Largest eligible_seq among its places; breaks ties in favour of the newer.
    seq: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seq", max((place.seq for place in self.places), default=0))


@dataclass(frozen=True, slots=True)
class Reader:
    """What a group of readers with equal input has in common."""

    #: (id, name) of the chosen topics that are offered, in the newsletter's order; none means everything.
    topics: tuple[tuple[int, str], ...]
    #: Floor: fewer than this many picks, popular and new stories are no digest.
    min_items: int
    #: Ceiling of the newsletter, or the reader's own below it.
    max_items: int
    #: What stands above it in the order is new to them.
    watermark: int = 0
    #: Stories of which an article may have reached them already, as stories are folded by now.
    received: frozenset[int] = frozenset()
    #: Topics that they never want to see.
    excluded: frozenset[int] = frozenset()
    #: (id, name) of every topic on offer, in the newsletter's order.
    offered: tuple[tuple[int, str], ...] = ()
    #: Whether the drawn story may be from a topic that they did not choose.
    explore: bool = True
    #: Of what "most read" is said: the last "week" or "month".
    span: str = "week"
    #: Sources that they want nothing of.
    muted: frozenset[int] = frozenset()

    @property
    def follows(self) -> tuple[tuple[int, str], ...]:
        """The topics that they get: those chosen, or everything on offer, without the excluded ones."""
        return tuple(topic for topic in self.topics or self.offered if topic[0] not in self.excluded)


@dataclass(frozen=True, slots=True)
class Pick:
    """One chosen article: its place in the mail, the topic it stands for, and why it is there."""

    article_id: int
    topic_id: int
    slot: int
    reason: str
    #: Of the exploration slot only: the draw that won, logged with the recipe.
    draw: float | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Picks under a heading; `key` is editors, popular, new, explore or missed."""

    key: str
    heading: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """A digest's sections in reading order; slots count from 1 through all of them."""

    sections: tuple[Section, ...]

    @property
    def article_ids(self) -> tuple[int, ...]:
        return tuple(pick.article_id for section in self.sections for pick in section.picks)


@dataclass(frozen=True, slots=True)
class Skip:
    """No digest this time; one stable word says why."""

    reason: str


class Taken(NamedTuple):
    """A story that was chosen, the place that it was chosen for, and in which section."""

    key: str
    candidate: Candidate
    place: Place
