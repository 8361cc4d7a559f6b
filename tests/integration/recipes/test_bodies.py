"""Recipes as bytes: what goes out is what is shown, whatever was written, and the same at every try."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.delivery import dkim, mime
from service.delivery.ports import Head, ListHeaders, Mail
from service.emails.letters import DigestItem, DigestLetter, DigestSection, Letterhead, SubscriberLinks
from service.errors import InvalidInput
from service.recipes import composing, keeping, making
from service.recipes.bodies import Bodies
from service.recipes.cache import OVERHEAD, ByteCache
from service.recipes.composing import PLACEHOLDERS
from service.recipes.content import Draft
from service.recipes.models import Recipe, RecipeKind
from tests.dkim_oracle import a_key, holds
from tests.mails import parts_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HEAD = Letterhead("The Courier", "", "#8a1c1c", "https://courier.example", "The Courier", "1 Quay Street")
READER = SubscriberLinks(
    unsubscribe_url="https://courier.example/u/" + "WzEyMzQ1LDdd." * 4,
    preferences_url="https://courier.example/p/abc.def",
    reason="You get this because you chose Arts & Crafts and “Möbel”, every Friday at 07:00.",
    view_url="https://courier.example/v/" + "WzEyMzQ1LDdd." * 4,
)


def item(title: str, *, number: int = 1, summary: str = "What happened.") -> DigestItem:
    return DigestItem(
        title,
        summary,
        f"https://courier.example/r/{number}",
        "Science",
        "Feed",
        "You follow",
        article_id=number,
    )


def plan(session: Session, *items: DigestItem, subject: str = "News", preheader: str = "Also") -> Recipe:
    letter = DigestLetter(
        HEAD, subject, preheader, date(2026, 3, 2), (DigestSection("new", "New", items),), PLACEHOLDERS
    )
    content = {"preheader": preheader.encode("ascii", "ignore").decode(), "of": repr(letter)}
    draft = Draft(RecipeKind.DIGEST, 1, 1, subject, "en", content)
    return making.make(session, replace(draft, content=content), letter=lambda: letter, now=NOW)


texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=120),
    st.sampled_from(
        [".", "From here", "=?utf-8?q?=0D=0A?=", "xslot7q-reason-q7tolsx", "a  b\t\tc ", "\r\nBcc: x@y"]
    ),
    st.lists(st.sampled_from([".", "From me", " ", "=", "é" * 60, "a" * 150])).map(" ".join),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    titles=st.lists(texts, min_size=1, max_size=11), summary=texts, subject=texts, name=texts, reason=texts
)
def test_whatever_was_written_goes_out_whole_or_not_at_all(
    session: Session, titles: list[str], summary: str, subject: str, name: str, reason: str
) -> None:
    items = [item(title, number=number, summary=summary) for number, title in enumerate(titles)]
    recipe = plan(session, *items, subject=subject)
    made = Bodies().load(session, [recipe.id])[recipe.id]
    own = READER._replace(reason=reason)
    try:
        body = made.splice(own)
        head = Head(
            name, "news@courier.example", "", made.subject, made.created_at, "a:b", True,
            ListHeaders("a.courier.example", name, "https://courier.example/"),
        )  # fmt: skip
        unsigned = mime.build(Mail(head, "ann@example.org", own.unsubscribe_url, body), message_id="abc")
    except InvalidInput:
        assert "xslot7q-" in reason
        return

    shown = composing.compose(session, recipe, composing.reader_values(own))
    assert parts_of(body) == (shown.text, shown.html)
    assert body.raw == dkim.relaxed_body(body.raw)
    assert b"\r\n." not in body.raw
    assert b"\r\nFrom " not in body.raw
    assert max(map(len, body.raw.split(b"\r\n"))) <= 76
    assert body.raw.count(b"\n") == body.raw.count(b"\r\n") == body.raw.count(b"\r")
    assert holds(dkim.sign(unsigned, [a_key()]), a_key())


def test_another_process_makes_the_same_bytes_and_so_does_one_that_remembers(session: Session) -> None:
    recipe = plan(session, item("One"), item("Two", number=2))
    remembering = Bodies()

    bodies = [
        kitchen.load(session, [recipe.id])[recipe.id].splice(READER)
        for kitchen in (remembering, remembering, Bodies(), Bodies(limit=0))
    ]

    assert all(body == bodies[0] for body in bodies)


def test_two_recipes_share_what_they_have_in_common(session: Session) -> None:
    one, other = item("One"), item("Two", number=2)
    first, second = plan(session, one, other), plan(session, one, other, item("Three", number=3))

    assert (first.html_hash, first.text_hash) == (second.html_hash, second.text_hash)
    assert second.piece_ids[:3] == first.piece_ids


def test_a_digest_planned_before_there_were_pieces_still_goes_out(session: Session) -> None:
    recipe = plan(session, item("One"), item("Two", number=2))
    whole = composing.whole(session, recipe)
    expected = Bodies().load(session, [recipe.id])[recipe.id].splice(READER)
    keeping.keep(session, [whole.text, whole.html], now=NOW)
    session.execute(
        update(Recipe).values(
            html_hash=keeping.hash_of(whole.html), text_hash=keeping.hash_of(whole.text), piece_ids=[]
        )
    )

    body = Bodies().load(session, [recipe.id])[recipe.id].splice(READER)

    assert parts_of(body) == parts_of(expected)


def test_a_digest_that_lost_its_stories_is_not_sent(session: Session) -> None:
    recipe = plan(session, item("One"))
    session.execute(update(Recipe).values(piece_ids=[]))
    with pytest.raises(ValueError, match="stories"):
        Bodies().load(session, [recipe.id])


def test_the_memory_is_bounded_by_bytes_and_forgets_the_longest_unused() -> None:
    cache: ByteCache[str, bytes] = ByteCache(3 * (OVERHEAD + 100))
    for key in "abc":
        cache.put(key, key.encode(), size=100)
    cache.find("a")
    cache.put("d", b"d", size=100)
    cache.put("e", b"e", size=10**9)

    assert cache.find("abcde") == {"a": b"a", "c": b"c", "d": b"d"}
    assert cache.size == cache.limit
