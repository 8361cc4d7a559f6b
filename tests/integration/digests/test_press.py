"""Digests that are set from pieces read exactly as if each had been rendered by itself."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.db import Sessions
from service.digests import content, emails, planner, planning
from service.digests.content import Issue
from service.digests.selection.values import Pick, Section, Selection
from service.languages import speech
from service.newsletters.models import Newsletter
from service.popularity.models import ArticleScore
from service.recipes import composing, making, reading
from service.recipes.bodies import Bodies
from service.recipes.models import KeptPiece, Recipe
from tests.integration.digests.worlds import LINKS, NOW, make_due, make_world


def make_edition(session: Session, sessions: Sessions) -> list[Recipe]:
    """Readers of many choices of three topics and three languages; some stories are popular."""
    newsletter = make_world(session, stories=30, topics=("Science", "Energy & Law", "Sport"))
    for n, article in enumerate(session.scalars(select(Article).order_by(Article.id))):
        article.title = f"Harbour opens {n}\\t“é” \\N & more\tthan before"
        if n % 3 == 0:
            values = {"score": n / 50, "sd": 0.1, "observed": 50, "explanation": "", "computed_at": NOW}
            session.add(ArticleScore(article_id=article.id, **values))
    ids = [topic.id for topic in newsletter.topics]
    for chosen in ([], ids[:1], ids[1:2], ids[:2], ids[1:], ids):
        for max_items in (3, 10, 14):
            locale = {3: "en", 10: "de-AT", 14: "ar"}[max_items]
            make_due(session, newsletter, topic_ids=chosen, max_items=max_items, locale=locale)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)
    return list(session.scalars(select(Recipe).order_by(Recipe.id)))


def rendered(session: Session, recipe: Recipe) -> Recipe:
    """The same choice made into a recipe by itself."""
    sections = [
        Section(each["key"], each["heading"], tuple(Pick(**item) for item in each["items"]))
        for each in reading.sections(session, recipe)
    ]
    articles = {row.id: row for row in session.scalars(select(Article))}
    day = date.fromisoformat(recipe.content["issue_date"])
    issue = Issue(recipe.newsletter_id, recipe.mailing_id, recipe.locale, day, first=recipe.content["first"])
    with speech.speaking(recipe.locale):
        draft = content.draft(Selection(tuple(sections)), issue=issue, articles=articles)
    letter = emails.digest_letter(
        session.get_one(Newsletter, recipe.newsletter_id), draft, articles=articles, links=LINKS
    )
    return making.make(session, draft, letter=lambda: letter, now=recipe.created_at)


def test_every_digest_reads_as_if_it_had_been_rendered_by_itself(
    session: Session, sessions: Sessions
) -> None:
    recipes = make_edition(session, sessions)
    assert len(recipes) > 10

    for recipe in recipes:
        alone = rendered(session, recipe)
        assert alone.id != recipe.id
        assert composing.whole(session, alone) == composing.whole(session, recipe)
        assert (alone.piece_ids, alone.article_ids) == (recipe.piece_ids, recipe.article_ids)
        assert alone.content == recipe.content


def test_digests_share_their_pieces_and_an_edit_changes_nothing_that_is_planned(
    session: Session, sessions: Sessions
) -> None:
    recipes = make_edition(session, sessions)
    before = {recipe.id: composing.whole(session, recipe) for recipe in recipes}
    named = [piece_id for recipe in recipes for piece_id in recipe.piece_ids]
    assert set(named) == set(session.scalars(select(KeptPiece.id)))
    assert len(named) > 1.5 * len(set(named))

    for article in session.scalars(select(Article)):
        article.title = "Corrected"
    session.commit()

    assert {recipe.id: composing.whole(session, recipe) for recipe in recipes} == before
    bodies = Bodies().load(session, list(before))
    assert {key: body.subject for key, body in bodies.items()} == {
        key: whole.subject for key, whole in before.items()
    }


def test_a_planner_that_forgets_after_each_slice_writes_no_digest_twice(
    session: Session, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "_MOST", 0)
    monkeypatch.setattr(planning, "SLICE", 2)

    recipes = make_edition(session, sessions)

    hashes = [recipe.content_hash for recipe in recipes]
    assert len(set(hashes)) == len(hashes) > 10
