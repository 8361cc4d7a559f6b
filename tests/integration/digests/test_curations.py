"""Pins, boosts and exclusions: in force from now to their end, logged, and never a repeat."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.audit import AuditEntry
from service.db import Sessions
from service.digests import curations, planning
from service.digests.models import Curation, CurationKind
from service.errors import Conflict, InvalidInput, NotFound
from service.recipes import reading
from service.recipes.models import Recipe
from tests.factories import make_newsletter
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due, make_stories

WEEK = timedelta(days=7)


def curate(session: Session, article_id: int, kind: CurationKind, **values: object) -> Curation:
    return curations.curate(
        session,
        article_id,
        kind,
        **{"reason": "Our own investigation", "expires_at": NOW + WEEK, "actor": "operator 1", "now": NOW}
        | values,
    )


def plan(sessions: Sessions, *, weeks: int = 0) -> None:
    planning.plan_due(sessions, links=LINKS, now=NOW + weeks * WEEK)


def test_a_pinned_article_leads_once_and_an_excluded_one_never_comes(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    old, pinned, bad, *_ = make_stories(session, newsletter, count=8)
    reader = make_due(session, newsletter, watermark=2)
    curate(session, pinned.id, CurationKind.PIN, expires_at=NOW + 3 * WEEK)
    curate(session, bad.id, CurationKind.EXCLUDE, expires_at=NOW + 3 * WEEK)
    session.commit()

    plan(sessions)
    make_stories(session, newsletter, count=4, first_seq=20)
    session.commit()
    plan(sessions, weeks=1)

    first, second = articles_of(session, reader)
    assert first[0] == pinned.id
    assert pinned.id not in second
    assert bad.id not in first + second
    assert old.id not in first
    recipe = session.scalars(select(Recipe).order_by(Recipe.id)).first()
    assert recipe is not None
    assert reading.sections(session, recipe)[0]["items"][0]["reason"] == "Picked by the editors"


def test_a_pin_for_a_topic_reaches_its_readers_only(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    make_stories(session, newsletter, count=4, topic=science, first_seq=10)
    make_stories(session, newsletter, count=4, topic=energy, first_seq=20)
    [pinned] = make_stories(session, newsletter, count=1, topic=energy)
    curate(session, pinned.id, CurationKind.PIN, topic_id=energy.id)
    one, other = (
        make_due(session, newsletter, topic_ids=[topic.id], watermark=1, explore=False)
        for topic in (energy, science)
    )
    session.commit()

    plan(sessions)

    assert articles_of(session, one)[0][0] == pinned.id
    assert pinned.id not in articles_of(session, other)[0]


def test_what_has_ended_or_run_out_holds_no_longer(session: Session) -> None:
    newsletter = make_newsletter(session)
    first, second = make_stories(session, newsletter, count=2)
    row = curate(session, first.id, CurationKind.PIN)
    curate(session, second.id, CurationKind.EXCLUDE, expires_at=NOW + timedelta(hours=1))

    assert len(curations.in_force(session, newsletter.id, now=NOW)) == 2
    curations.end(session, row.id, actor="operator 2", now=NOW)
    assert [one.article_id for one in curations.in_force(session, newsletter.id, now=NOW)] == [second.id]
    assert curations.of_stories(session, newsletter.id, now=NOW + timedelta(hours=1)) == []
    with pytest.raises(Conflict):
        curations.end(session, row.id, actor="operator 2", now=NOW)
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["curation.made", "curation.made", "curation.ended"]


def test_the_same_again_takes_the_place_of_what_holds(session: Session) -> None:
    newsletter = make_newsletter(session)
    [article] = make_stories(session, newsletter, count=1)
    curate(session, article.id, CurationKind.BOOST, boost=0.5)
    curate(session, article.id, CurationKind.BOOST, boost=1.0)
    curate(session, article.id, CurationKind.BOOST, boost=1.0, topic_id=newsletter.topics[0].id)

    boosts = [one.boost for one in curations.in_force(session, newsletter.id, now=NOW)]
    assert boosts == [1.0, 1.0]
    assert [one.boost for one in curations.of_article(session, article.id)] == [1.0, 1.0, 0.5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"reason": "x" * 201},
        {"expires_at": NOW},
        {"expires_at": NOW + timedelta(days=100)},
        {"kind": CurationKind.BOOST},
        {"kind": CurationKind.BOOST, "boost": 2.5},
        {"topic_id": 999_999},
    ],
)
def test_what_makes_no_sense_is_refused(session: Session, wrong: dict[str, object]) -> None:
    [article] = make_stories(session, make_newsletter(session), count=1)

    with pytest.raises(InvalidInput):
        curate(session, article.id, **{"kind": CurationKind.PIN, **wrong})
    with pytest.raises(NotFound):
        curate(session, 999_999, CurationKind.PIN)


def test_curations_act_on_the_whole_story_and_follow_it_when_it_grows(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    articles = make_stories(session, newsletter, count=6)
    reader = make_due(session, newsletter)
    curate(session, articles[3].id, CurationKind.EXCLUDE)
    for article in session.scalars(select(Article).where(Article.id.in_([articles[0].id, articles[3].id]))):
        article.story_id = articles[0].id
    session.commit()

    plan(sessions)

    [made] = articles_of(session, reader)
    assert not {articles[0].id, articles[3].id} & set(made)
    assert len(made) == 4
