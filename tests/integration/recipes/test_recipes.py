"""Recipes: made once, kept as bytes, spliced per reader."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.emails.letters import BlastLetter, Letterhead
from service.emails.splice import Slot
from service.recipes import composing, keeping, making
from service.recipes.bodies import Bodies
from service.recipes.content import Draft
from service.recipes.models import Fragment, Recipe, RecipeKind

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HEAD = Letterhead("The Courier", "", "#8a1c1c", "https://courier.example", "The Courier", "1 Quay Street")
VALUES = {
    Slot.UNSUBSCRIBE_URL: "https://courier.example/u/abc.def",
    Slot.PREFERENCES_URL: "https://courier.example/p/abc.def",
    Slot.REASON: "You get this because you chose Arts & Crafts.",
    Slot.VIEW_URL: "https://courier.example/v/abc.def",
}


def make_draft(subject: str = "Open house", *, mailing_id: int = 1) -> Draft:
    return Draft(RecipeKind.BLAST, 1, mailing_id, subject, "en", {"markdown": "Hello."})


def make_letter(draft: Draft, *, text: str = "Hello.") -> BlastLetter:
    return BlastLetter(HEAD, draft.subject, f"<p>{text}</p>", text, composing.PLACEHOLDERS)


def make(session: Session, draft: Draft, *, text: str = "Hello.", now: datetime = NOW) -> Recipe:
    return making.make(session, draft, letter=lambda: make_letter(draft, text=text), now=now)


def test_the_same_draft_is_one_recipe_rendered_once_and_dated_once(session: Session) -> None:
    first = make(session, make_draft())

    # A template or an article has changed since: the recipe has not.
    again = make(session, make_draft(), text="Changed.", now=NOW + timedelta(hours=1))

    assert again.id == first.id
    assert again.created_at == NOW
    assert session.scalar(select(func.count()).select_from(Fragment)) == 2


def test_a_readers_mail_has_their_links_and_no_placeholder(session: Session) -> None:
    recipe = make(session, make_draft())

    content = composing.compose(session, recipe, VALUES)

    assert content.subject == "Open house"
    assert "Arts &amp; Crafts" in content.html
    assert "Arts & Crafts" in content.text
    for part in (content.html, content.text):
        assert "https://courier.example/u/abc.def" in part
        assert "xslot" not in part


def test_a_mail_without_its_unsubscribe_link_is_never_composed(session: Session) -> None:
    recipe = make(session, make_draft())
    html = session.get_one(Fragment, recipe.html_hash)
    without = html.content.replace(composing.PLACEHOLDERS.unsubscribe_url, "#")
    recipe.html_hash = keeping.hash_of(without)
    keeping.keep(session, [without], now=NOW)
    session.flush()

    with pytest.raises(ValueError, match="unsubscribe"):
        composing.compose(session, recipe, VALUES)
    with pytest.raises(ValueError, match="unsubscribe"):
        Bodies().load(session, [recipe.id])


def test_five_workers_who_choose_the_same_make_one_row_and_none_waits_for_ever(
    committing: Sessions,
) -> None:
    drafts = [make_draft(f"Number {n}") for n in range(12)]
    gate = Barrier(5)

    def work(turn: int) -> set[int]:
        mine = drafts[turn:] + drafts[:turn]
        with committing.begin() as session:
            gate.wait(timeout=10)
            made = making.make_all(
                session, {draft.content_hash: draft for draft in mine}, letter=make_letter, now=NOW
            )
            return set(made.values())

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(work, range(5)))

    assert all(answer == answers[0] for answer in answers)
    with committing() as session:
        assert session.scalar(select(func.count()).select_from(Recipe)) == 12
