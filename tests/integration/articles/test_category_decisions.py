"""Categories decided one by one and many together, taken back, and proposed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import category_decisions, mapping, suggesting
from service.articles.category_decisions import Meaning
from service.articles.models import ArticleTopic, CategoryMapping
from service.audit import AuditEntry
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters.models import Newsletter
from tests.factories import make_article, make_newsletter, make_source

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session, topics=("Science", "Energy"))


def learn(session: Session, newsletter: Newsletter, *names: str) -> list[int]:
    known = mapping.learn_categories(session, newsletter.id, names, now=NOW).by_key
    return [known[name.casefold()].id for name in names]


def pool(session: Session) -> set[tuple[int, int]]:
    return {(row.article_id, row.topic_id) for row in session.scalars(select(ArticleTopic))}


def test_what_was_decided_together_is_undone_together(session: Session, newsletter: Newsletter) -> None:
    science, energy = newsletter.topics
    source = make_source(session, newsletter)
    wind, lab, gossip = learn(session, newsletter, "Wind", "Lab", "Gossip")
    ferry = make_article(session, source, categories=["Wind", "Lab"])
    category_decisions.decide(session, {lab: Meaning(science.id)}, actor="operator 1", now=NOW)
    gained = category_decisions.decide(
        session,
        {wind: Meaning(energy.id), lab: Meaning(energy.id), gossip: Meaning(ignored=True)},
        actor="operator 2",
        now=LATER,
    )
    assert gained == 1, "the article is in the topic by one of them already when the other comes"
    assert pool(session) == {(ferry.id, energy.id)}
    latest = category_decisions.recent(session, newsletter.id)[0]
    assert (latest.by, latest.at) == ("operator 2", LATER)
    assert latest.categories == (("Gossip", None), ("Lab", "Energy"), ("Wind", "Energy"))

    undone = category_decisions.undo(session, newsletter.id, at=LATER, actor="operator 1", now=LATER)
    assert undone == 3
    assert pool(session) == {(ferry.id, science.id)}
    assert [one.category for one in mapping.unmapped(session, newsletter.id)] == ["Wind", "Gossip"]
    with pytest.raises(Conflict):
        category_decisions.undo(session, newsletter.id, at=LATER, actor="operator 1", now=LATER)
    entry = session.scalars(
        select(AuditEntry).where(
            AuditEntry.action == "category.undone", AuditEntry.subject == f"category {lab}"
        )
    ).one()
    assert (entry.before, entry.after) == (
        {"category": "Lab", "topic": "Energy", "ignored": False},
        {"category": "Lab", "topic": "Science", "ignored": False},
    )


def test_undoing_leaves_what_somebody_decided_anew(session: Session, newsletter: Newsletter) -> None:
    science, energy = newsletter.topics
    wind, sun = learn(session, newsletter, "Wind", "Sun")
    both = {wind: Meaning(science.id), sun: Meaning(science.id)}
    category_decisions.decide(session, both, actor="operator 1", now=NOW)
    category_decisions.decide(session, {sun: Meaning(energy.id)}, actor="operator 2", now=LATER)
    assert category_decisions.undo(session, newsletter.id, at=NOW, actor="operator 1", now=LATER) == 1
    assert session.get_one(CategoryMapping, sun).topic_id == energy.id
    assert session.get_one(CategoryMapping, wind).topic_id is None


def test_undoing_never_leads_to_a_topic_that_is_offered_no_longer(
    session: Session, newsletter: Newsletter
) -> None:
    science, energy = newsletter.topics
    (wind,) = learn(session, newsletter, "Wind")
    category_decisions.decide(session, {wind: Meaning(science.id)}, actor="operator 1", now=NOW)
    category_decisions.decide(session, {wind: Meaning(energy.id)}, actor="operator 1", now=LATER)
    science.archived_at = LATER
    session.flush()
    category_decisions.undo(session, newsletter.id, at=LATER, actor="operator 1", now=LATER)
    assert session.get_one(CategoryMapping, wind).topic_id is None


def test_one_wrong_choice_of_many_changes_nothing(session: Session, newsletter: Newsletter) -> None:
    (wind,) = learn(session, newsletter, "Wind")
    other = make_newsletter(session)
    for wanted, error in (
        ({wind: Meaning(other.topics[0].id)}, InvalidInput),
        ({wind: Meaning(newsletter.topics[0].id), 999_999: Meaning(ignored=True)}, NotFound),
    ):
        with pytest.raises(error), session.begin_nested():
            category_decisions.decide(session, wanted, actor="operator 1", now=NOW)
        session.expire_all()
        assert session.get_one(CategoryMapping, wind).topic_id is None


def test_a_category_is_proposed_by_its_name_by_a_mapped_one_and_by_its_company(
    session: Session, newsletter: Newsletter
) -> None:
    science, energy = newsletter.topics
    plain = make_source(session, newsletter)
    by_default = make_source(session, newsletter, default_topic_id=science.id)
    learn(session, newsletter, "Sciences", "Windpower", "Turbines", "Diary", "Gossip")
    (mapped,) = learn(session, newsletter, "Wind power")
    category_decisions.decide(session, {mapped: Meaning(energy.id)}, actor="operator 1", now=NOW)
    for _ in range(4):
        make_article(session, plain, energy, categories=["Turbines"])
        make_article(session, by_default, science, categories=["Diary"])
    found = {one.category: (one.topic_id, one.because) for one in suggesting.suggest(session, newsletter)}
    assert found == {
        "Sciences": (science.id, "the names are alike"),
        "Windpower": (energy.id, "it is like “Wind power”, which means Energy"),
        "Turbines": (energy.id, "4 of its 4 articles are in Energy by another category"),
    }, "what a feed gives to everything says nothing of one category"


def test_a_decision_on_an_old_page_overrules_nobody_and_pressed_twice_it_counts_once(
    session: Session, newsletter: Newsletter
) -> None:
    science, energy = newsletter.topics
    wind, lab = learn(session, newsletter, "Wind", "Lab")
    waiting = dict.fromkeys((wind, lab), Meaning())
    category_decisions.decide(session, {wind: Meaning(energy.id)}, seen=waiting, actor="operator 1", now=NOW)
    session.commit()
    late = {lab: Meaning(science.id), wind: Meaning(science.id)}
    with pytest.raises(Conflict, match="“Wind” means Energy by now"):
        category_decisions.decide(session, late, seen=waiting, actor="operator 2", now=LATER)
    session.rollback()
    again = {wind: Meaning(energy.id)}
    assert category_decisions.decide(session, again, seen=waiting, actor="operator 2", now=LATER) == 0
    [latest] = category_decisions.recent(session, newsletter.id)
    assert (latest.by, latest.at) == ("operator 1", NOW)
    assert [one.category for one in mapping.unmapped(session, newsletter.id)] == ["Lab"]
