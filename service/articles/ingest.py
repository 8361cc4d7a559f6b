"""Stores what a feed says: one row per story, its topics by mapping, changes taken over.

The ingests of one newsletter run one after another, so that two pollers, or two feeds with the same
story, neither race nor deadlock; the unique constraints hold whatever happens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles import looking, withdrawal
from service.articles.entries import Entry, Feed
from service.articles.locking import lock_newsletter
from service.articles.mapping import Categories, add_topics, learn_categories
from service.articles.models import Article, ArticleTopic, Source

#: An embargo further away than this is a typing error.
_LONGEST_EMBARGO = timedelta(days=366)
_CLOCKS_DIFFER = timedelta(hours=1)
#: 0001-01-01 and 1970-01-01 are how programs write "no date".
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)

#: What follows the feed when an editor corrects a piece.
_FOLLOWS = (
    *("title", "summary_html", "summary", "author", "language"),
    *("image_url", "image_alt", "image_width", "image_height"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many articles an ingest made and how many it changed."""

    new: int
    changed: int


def store(session: Session, source: Source, feed: Feed, *, now: datetime) -> Stored:
    """Write the entries of a feed; the same feed again changes nothing."""
    lock_newsletter(session, source.newsletter_id)
    entries = _one_per_story(feed.entries)
    names = [name for entry in entries for name in entry.categories]
    categories = learn_categories(session, source.newsletter_id, names, now=now)
    known = _load_known(session, source, entries)
    new = changed = 0
    fresh = []
    for entry in entries:
        article = known.match(entry)
        if article is None:
            fresh.append(entry)
        elif _follow(session, source, entry, article, known, categories, now=now):
            changed += 1
    new = _insert(session, source, fresh, categories, now=now)
    session.flush()
    _take_back(session, source, feed, now=now)
    return Stored(new=new, changed=changed)


def held_date(published_at: datetime | None, *, now: datetime) -> datetime:
    """Return the date to believe: a near future is an embargo; none or an absurd one is the present."""
    if published_at is None or published_at < _EARLIEST or published_at > now + _LONGEST_EMBARGO:
        return now
    return published_at


def _one_per_story(entries: Iterable[Entry]) -> list[Entry]:
    """Drop entries that repeat a GUID or an address within the feed; the first one stays."""
    guids: set[str] = set()
    addresses: set[str] = set()
    kept = []
    for entry in entries:
        address = entry.address
        if entry.guid not in guids and address not in addresses:
            kept.append(entry)
        guids.add(entry.guid)
        addresses.add(address)
    return kept


def _take_back(session: Session, source: Source, feed: Feed, *, now: datetime) -> None:
    """Withdraw what the feed that brought it deletes; what it still lists, or an operator restored, stays."""
    listed = {entry.guid for entry in feed.entries}
    deleted = {stone.guid: stone.at for stone in feed.deleted if stone.guid not in listed}
    rows = session.execute(
        select(Article.id, Article.guid, Article.changed_at)
        .where(Article.source_id == source.id, Article.guid.in_(deleted), Article.withdrawn_at.is_(None))
        .order_by(Article.id)
    ).all()
    for article_id, guid, changed_at in rows:
        if deleted[guid] >= changed_at - _CLOCKS_DIFFER:
            withdrawal.withdraw(session, article_id, actor=f"source {source.id}", now=now)
    session.flush()


@dataclass(frozen=True, slots=True)
class _Known:
    """The articles that entries of this feed may be: by GUID within the source, by address anywhere."""

    by_guid: dict[str, Article]
    by_address: dict[str, Article]

    def match(self, entry: Entry) -> Article | None:
        return self.by_guid.get(entry.guid) or self.by_address.get(entry.address)


def _load_known(session: Session, source: Source, entries: Sequence[Entry]) -> _Known:
    addresses = [entry.address for entry in entries]
    guids = [entry.guid for entry in entries]
    rows = session.scalars(
        select(Article).where(
            Article.newsletter_id == source.newsletter_id,
            or_(
                Article.canonical_url.in_(addresses),
                and_(Article.source_id == source.id, Article.guid.in_(guids)),
            ),
        )
    ).all()
    return _Known(
        by_guid={row.guid: row for row in rows if row.source_id == source.id},
        by_address={row.canonical_url: row for row in rows},
    )


def _insert(
    session: Session, source: Source, entries: Sequence[Entry], categories: Categories, *, now: datetime
) -> int:
    if not entries:
        return 0
    statement = insert(Article).on_conflict_do_nothing().returning(Article.id, Article.guid)
    values = [_values(source, entry, categories, now=now) for entry in entries]
    ids = {guid: article_id for article_id, guid in session.execute(statement, values)}
    made = {entry.guid: entry for entry in entries if entry.guid in ids}
    add_topics(
        session,
        {
            ids[guid]: categories.topics(entry.categories, default=source.default_topic_id)
            for guid, entry in made.items()
        },
        now=now,
    )
    return len(ids)


def _values(source: Source, entry: Entry, categories: Categories, *, now: datetime) -> dict[str, object]:
    return {
        **{name: getattr(entry, name) for name in _FOLLOWS},
        "newsletter_id": source.newsletter_id,
        "source_id": source.id,
        "guid": entry.guid,
        "url": entry.url,
        "canonical_url": entry.address,
        "categories": categories.spelled(entry.categories),
        "published_at": held_date(entry.published_at, now=now),
        "fetched_at": now,
        "changed_at": now,
        # A mail shows it once somebody has looked at it.
        "picture_due_at": None if entry.image_url is None else now,
    }


def _follow(
    session: Session,
    source: Source,
    entry: Entry,
    article: Article,
    known: _Known,
    categories: Categories,
    *,
    now: datetime,
) -> bool:
    """Take over corrections from the feed that brought the article; any feed may add topics."""
    topics = categories.topics(entry.categories, default=source.default_topic_id)
    add_topics(session, {article.id: topics}, now=now)
    if article.source_id != source.id:
        return False
    wanted = {name: getattr(entry, name) for name in _FOLLOWS}
    if entry.image_url == article.image_url and article.picture_seen_at is not None:
        # It was measured, which is better than what is said of it.
        del wanted["image_width"], wanted["image_height"]
    wanted["categories"] = categories.spelled(entry.categories)
    wanted |= _moved(entry, article, known)
    if entry.published_at and not _is_settled(session, article):
        wanted["published_at"] = held_date(entry.published_at, now=now)
    differences = {name: value for name, value in wanted.items() if getattr(article, name) != value}
    for name, value in differences.items():
        setattr(article, name, value)
    if "image_url" in differences:
        looking.ask_anew(article, now=now)
    if differences:
        article.changed_at = now
    if not differences.keys().isdisjoint(("title", "summary")):
        article.story_due = True
    return bool(differences)


def _moved(entry: Entry, article: Article, known: _Known) -> dict[str, str]:
    """Return the new address of an article, unless that address is another article's by now."""
    address = entry.address
    if known.by_address.setdefault(address, article) is not article:
        return {}
    return {"url": entry.url, "canonical_url": address}


def _is_settled(session: Session, article: Article) -> bool:
    """Say whether readers may have been offered the article: from then on its date stays."""
    settled = exists().where(ArticleTopic.article_id == article.id, ArticleTopic.eligible_seq.is_not(None))
    return bool(session.scalar(select(settled)))
