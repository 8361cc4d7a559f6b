"""Everything about a run that is equal for its readers: read once, and used for slice after slice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article
from service.digests import choosing, pool, received
from service.digests.content import Issue
from service.digests.due import DueReader
from service.digests.models import Run
from service.digests.press import Press
from service.digests.received import OnOffer
from service.digests.selection import crowd, drawing
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Reader, Skip
from service.digests.slots import Slot
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes.bulk import NewRecipe

#: Recipes that are not written yet, by language and hash.
Fresh = dict[str, dict[bytes, NewRecipe]]


@dataclass(slots=True)
class Desk:
    """One run on one local day. `lowest` is the smallest watermark that its candidates were read for."""

    slot: Slot
    run_id: int
    cutoff_seq: int
    mailing_id: int
    newsletter: Newsletter
    offered: tuple[tuple[int, str], ...]
    lowest: int
    shelves: Shelves
    offer: OnOffer
    articles: Mapping[int, Article]
    links: Links
    #: By group: what its readers get, as a hash, or why they get nothing. A group has one language: what is
    #: chosen is the same in all, but groups are small, and to choose again costs what looking it up would.
    chosen: dict[tuple[object, ...], bytes | Skip]
    #: Ids of the recipes that are committed.
    recipe_ids: dict[bytes, int]
    #: By language.
    presses: dict[str, Press] = field(default_factory=dict)

    def choose(self, reader: DueReader, *, had: frozenset[int], fresh: Fresh) -> bytes | Skip:
        """Return what a reader gets; a recipe that is not written yet is added to `fresh`."""
        group = (*reader[3:9], reader.watermark, reader.locale, had)
        found = self.chosen.get(group)
        if found is None:
            found = self.chosen[group] = self._select(reader, had=had, fresh=fresh)
        return found

    @property
    def size(self) -> int:
        return len(self.chosen) + len(self.recipe_ids)

    def forget(self) -> None:
        """Give memory back between slices; what is asked for again is chosen and found again."""
        self.chosen.clear()
        self.recipe_ids.clear()

    def press(self, locale: str) -> Press:
        """Return what sets the digests of readers of a language."""
        found = self.presses.get(locale)
        if found is None:
            issue = Issue(self.newsletter.id, self.mailing_id, locale, self.slot.today)
            found = Press(self.newsletter, issue, articles=self.articles, links=self.links)
            self.presses[locale] = found
        return found

    def _select(self, reader: DueReader, *, had: frozenset[int], fresh: Fresh) -> bytes | Skip:
        who = self.reader_of(reader, had=had)
        taken = crowd.choose(self.shelves, who)
        if isinstance(taken, Skip):
            return taken
        recipe = self.press(reader.locale).recipe(taken, reader=who, names=self.shelves.names)
        if recipe.content_hash not in self.recipe_ids:
            fresh.setdefault(reader.locale, {})[recipe.content_hash] = recipe
        return recipe.content_hash

    def reader_of(self, reader: DueReader, *, had: frozenset[int]) -> Reader:
        return choosing.reader_of(
            reader,
            newsletter=self.newsletter,
            offered=self.offered,
            rhythm=self.slot.rhythm,
            received=had,
            watermark=reader.watermark,
        )


def prepare(session: Session, slot: Slot, run: Run, *, lowest: int, links: Links, now: datetime) -> Desk:
    """Read what the run may choose from."""
    edition = run.edition
    newsletter = edition.newsletter
    candidates = pool.load_window(
        session,
        newsletter,
        rhythm=edition.rhythm,
        after_seq=lowest,
        until_seq=run.cutoff_seq,
        seed=drawing.seed(edition.newsletter_id, edition.rhythm, edition.period),
        now=now,
    )
    offered = choosing.offer(newsletter)
    return Desk(
        slot=slot,
        run_id=run.id,
        cutoff_seq=run.cutoff_seq,
        mailing_id=edition.mailing_id,
        newsletter=newsletter,
        offered=offered,
        lowest=lowest,
        shelves=Shelves(candidates, offered=offered),
        offer=received.on_offer(session, {one.story_id for one in candidates}, now=now),
        articles=_articles(session, (one.article_id for one in candidates)),
        links=links,
        chosen={},
        recipe_ids={},
    )


def _articles(session: Session, article_ids: Iterable[int]) -> dict[int, Article]:
    rows = session.scalars(
        select(Article).where(Article.id.in_(list(article_ids))).options(joinedload(Article.source))
    )
    return {article.id: article for article in rows}
