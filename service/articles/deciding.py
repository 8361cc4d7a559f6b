"""Which articles tell one story, where a person knows better than the comparison (docs/adr/0025).

What was decided is kept, and folding asks for it: articles that were taken apart are never put together again
by a machine, whatever comes between them. Stories that were put together stay so, since machines never split.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import product

from sqlalchemy import any_, func, literal, or_, select, update
from sqlalchemy.orm import Session

from service import audit
from service.articles.locking import lock_newsletter
from service.articles.models import Article, StoryDecision, StoryDecisionKind
from service.errors import InvalidInput, NotFound
from service.newsletters import checks

LONGEST_REASON = 200
#: More articles than this are no story but a feed gone wrong.
LARGEST = 200

_STORY = func.coalesce(Article.story_id, Article.id)

Pair = tuple[int, int]


def split(
    session: Session, article_id: int, leaving: Collection[int], *, reason: str, actor: str, now: datetime
) -> StoryDecision:
    """Take articles out of a story; they become one of their own.

    Whoever was sent one of either story has had that one only.

    :raises InvalidInput: no reason, none or all of the articles, or some that are not in the story.
    :raises NotFound: there is no such article.
    """
    article = _locked(session, article_id)
    why = _reason(reason)
    members = _members(session, [article])
    left, stay = sorted(set(leaving) & set(members)), sorted(set(members) - set(leaving))
    if not left or not stay or not set(leaving) <= set(members):
        raise InvalidInput(
            "Choose one or more of the articles of this story, but not all of them.", field="articles"
        )
    for part in (left, stay):
        _name(session, part)
    return _decide(session, article, StoryDecisionKind.SPLIT, left, stay, reason=why, actor=actor, now=now)


def merge(
    session: Session, article_id: int, other_id: int, *, reason: str, actor: str, now: datetime
) -> StoryDecision:
    """Make one story of two; whoever was sent one of either has had it.

    :raises InvalidInput: no reason, or nothing to merge.
    :raises NotFound: there is no such article.
    """
    article = _locked(session, article_id)
    why = _reason(reason)
    other = session.get(Article, other_id, populate_existing=True)
    if other is None or other.newsletter_id != article.newsletter_id:
        raise InvalidInput("Choose an article of this newsletter.", field="other")
    ones, others = _members(session, [article]), _members(session, [other])
    if set(ones) == set(others):
        raise InvalidInput("These articles are one story already.", field="other")
    if len(ones) + len(others) > LARGEST:
        raise InvalidInput(f"A story may have {LARGEST} articles at most.", field="other")
    _name(session, [*ones, *others])
    return _decide(session, article, StoryDecisionKind.MERGE, ones, others, reason=why, actor=actor, now=now)


def kept_apart(session: Session, newsletter_id: int) -> set[Pair]:
    """Return the pairs of articles that people took apart, and did not put together again since."""
    rows = session.scalars(
        select(StoryDecision).where(StoryDecision.newsletter_id == newsletter_id).order_by(StoryDecision.id)
    )
    return _apart(list(rows), session)


def of_article(session: Session, article: Article) -> list[StoryDecision]:
    """Return what was decided about an article, the latest first."""
    rows = session.scalars(
        select(StoryDecision)
        .where(
            StoryDecision.newsletter_id == article.newsletter_id,
            or_(
                literal(article.id) == any_(StoryDecision.article_ids),
                literal(article.id) == any_(StoryDecision.other_ids),
            ),
        )
        .order_by(StoryDecision.id.desc())
    )
    return list(rows)


def _apart(decisions: Sequence[StoryDecision], session: Session) -> set[Pair]:
    pairs: set[Pair] = set()
    for one in decisions:
        across = {_pair(*each) for each in product(one.article_ids, one.other_ids)}
        pairs = pairs | across if one.kind is StoryDecisionKind.SPLIT else pairs - across
    known = set(
        session.scalars(select(Article.id).where(Article.id.in_({key for pair in pairs for key in pair})))
    )
    return {pair for pair in pairs if known.issuperset(pair)}


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


def _locked(session: Session, article_id: int) -> Article:
    """Return the article as it is once nobody else changes the newsletter's stories."""
    article = session.get(Article, article_id)
    if article is None:
        raise NotFound("There is no such article.")
    lock_newsletter(session, article.newsletter_id)
    session.refresh(article)
    return article


def _reason(reason: str) -> str:
    return checks.line(
        reason,
        field="reason",
        longest=LONGEST_REASON,
        required="Say why, in a few words: colleagues will read it.",
    )


def _members(session: Session, articles: Iterable[Article]) -> list[int]:
    stories = [article.story_id or article.id for article in articles]
    return sorted(
        session.scalars(
            select(Article.id).where(
                or_(Article.id.in_(stories), Article.story_id.in_(stories)), _STORY.in_(stories)
            )
        )
    )


def _name(session: Session, article_ids: Collection[int]) -> None:
    """Make one story of these articles, named after the smallest; one alone has no name."""
    session.execute(
        update(Article)
        .where(Article.id.in_(article_ids))
        .values(story_id=min(article_ids) if len(article_ids) > 1 else None)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _decide(
    session: Session,
    article: Article,
    kind: StoryDecisionKind,
    article_ids: list[int],
    other_ids: list[int],
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> StoryDecision:
    row = StoryDecision(
        newsletter_id=article.newsletter_id,
        kind=kind,
        article_ids=article_ids,
        other_ids=other_ids,
        reason=reason,
        made_by=actor,
        made_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="story.split" if kind is StoryDecisionKind.SPLIT else "story.merged",
        subject=f"article {article.id}",
        now=now,
        after={"articles": article_ids, "others": other_ids, "reason": reason},
    )
    return row
