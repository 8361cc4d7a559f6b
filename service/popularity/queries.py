"""Reading scores, and what was made of the clicks and looks of an article."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from service.popularity.counting import HELD
from service.popularity.models import ArticleScore, Click, Signal, SiteEvent, Verdict


class Judged(NamedTuple):
    """What was counted of one article and signal in the last 30 days, and what was not."""

    signal: Signal
    #: Counted, and people's so far but not counted yet.
    people: int
    held: int
    repeats: int
    machines: int


def scores(session: Session, article_ids: Collection[int]) -> dict[int, ArticleScore]:
    """Return the scores of these articles; one without a score is average."""
    rows = session.scalars(select(ArticleScore).where(ArticleScore.article_id.in_(article_ids)))
    return {row.article_id: row for row in rows}


def judged(session: Session, article_id: int, *, now: datetime) -> list[Judged]:
    """Return what the filter made of everything that is kept of an article, by signal."""
    is_held = now - HELD
    clicks = select(
        literal(Signal.DIGEST_CLICK.value).label("signal"), Click.verdict, (Click.at > is_held).label("held")
    ).where(Click.article_id == article_id)
    events = select(
        SiteEvent.signal.label("signal"), SiteEvent.verdict, (SiteEvent.at > is_held).label("held")
    ).where(SiteEvent.article_id == article_id)
    each = union_all(clicks, events).subquery()

    human = each.c.verdict == Verdict.HUMAN
    rows = session.execute(
        select(
            each.c.signal,
            func.count().filter(human, ~each.c.held),
            func.count().filter(human, each.c.held),
            func.count().filter(each.c.verdict == Verdict.REPEAT),
            func.count().filter(each.c.verdict == Verdict.SCANNER),
        ).group_by(each.c.signal)
    )
    found = {Signal(row[0]): Judged(Signal(row[0]), *row[1:]) for row in rows}
    return [found[signal] for signal in Signal if signal in found]
