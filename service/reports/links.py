"""Which places of a mailing were followed: per link, per topic, and in the mail as it was read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.newsletters.models import Topic
from service.recipes.models import Recipe
from service.reports.models import ClickTally

#: (article id, slot)
Place = tuple[int, int]
#: Recipes of one mailing among which the one to show is chosen; more would take longer and show no more.
_LOOKED_AT = 300
_LINK = re.compile(r'<a\b[^>]*\bhref="[^"]*/r/([^"/?#]+)"[^>]*>.*?</a>', re.IGNORECASE | re.DOTALL)
_BADGE = (
    '<span style="display:inline-block;margin:2px 6px;padding:1px 7px;border-radius:9px;background:#8a1c1c;'
    'color:#ffffff;font:600 12px/18px sans-serif;text-decoration:none">{words}</span>'
)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One place in the mails, and who followed it."""

    article_id: int
    title: str
    slot: int
    variant: int
    people: int
    repeats: int
    machines: int


def of_mailing(session: Session, mailing_id: int, *, limit: int = 100) -> list[LinkRow]:
    """Return the places that were followed, the most followed first."""
    people = func.sum(ClickTally.people)
    rows = session.execute(
        select(
            ClickTally.article_id,
            Article.title,
            ClickTally.slot,
            ClickTally.variant,
            people,
            func.sum(ClickTally.repeats),
            func.sum(ClickTally.machines),
        )
        .join(Article, Article.id == ClickTally.article_id)
        .where(ClickTally.mailing_id == mailing_id)
        .group_by(ClickTally.article_id, Article.title, ClickTally.slot, ClickTally.variant)
        .order_by(people.desc(), ClickTally.slot, ClickTally.article_id)
        .limit(limit)
    )
    return [LinkRow(row[0], row[1], row[2], row[3], *map(int, row[4:])) for row in rows]


def topics_of_mailing(session: Session, mailing_id: int) -> list[tuple[str, int]]:
    """Return people's clicks by topic; an article of two topics counts in both."""
    people = func.sum(ClickTally.people)
    rows = session.execute(
        select(Topic.name, people)
        .join(ArticleTopic, ArticleTopic.topic_id == Topic.id)
        .join(ClickTally, ClickTally.article_id == ArticleTopic.article_id)
        .where(ClickTally.mailing_id == mailing_id)
        .group_by(Topic.id, Topic.name)
        .order_by(people.desc(), Topic.name)
    )
    return [(name, int(n)) for name, n in rows]


def places(session: Session, mailing_id: int) -> dict[Place, int]:
    """Return how many people followed each place of a mailing."""
    rows = session.execute(
        select(ClickTally.article_id, ClickTally.slot, func.sum(ClickTally.people))
        .where(ClickTally.mailing_id == mailing_id)
        .group_by(ClickTally.article_id, ClickTally.slot)
    )
    return {(article_id, slot): int(n) for article_id, slot, n in rows}


def recipe_to_show(session: Session, mailing_id: int, followed: Mapping[Place, int]) -> int | None:
    """Choose the mail in which most was followed; readers with other topics had others."""
    # As a range, and in the order of its index: said with an equal sign and by id, the planner looks for them
    # behind the recipes of all mailings before.
    only = Recipe.mailing_id.between(mailing_id, mailing_id)
    found = select(Recipe.id, Recipe.article_ids).where(only).order_by(Recipe.mailing_id).limit(_LOOKED_AT)
    rows = sorted(session.execute(found), key=lambda row: row.id)
    if not rows:
        return None

    def worth(article_ids: Sequence[int]) -> int:
        return sum(followed.get((key, slot), 0) for slot, key in enumerate(article_ids, start=1))

    return int(max(rows, key=lambda row: worth(row.article_ids)).id)


def annotate(html: str, followed: Mapping[Place, int], *, place_of: Callable[[str], Place | None]) -> str:
    """Put the number of people behind the last link of each place; `place_of` reads a link's token."""
    found = [(match, place_of(match[1])) for match in _LINK.finditer(html)]
    last = {place: match.end() for match, place in found if place is not None}
    written, done = [], 0
    for place, end in sorted(last.items(), key=lambda item: item[1]):
        written += [html[done:end], _BADGE.format(words=_words(followed.get(place, 0)))]
        done = end
    return "".join([*written, html[done:]])


def _words(n: int) -> str:
    return "1 person" if n == 1 else f"{n:,} people"
