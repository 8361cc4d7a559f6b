"""Writing and trying a blast by the console, as it works without JavaScript."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from service.blasts import choosing
from service.blasts.criteria import Criteria
from service.blasts.models import Blast
from service.blasts.plans import Plan
from service.db import Sessions, transaction
from service.delivery.models import Message
from service.operators.models import Operator, Role
from tests.factories import make_article, make_operator, make_source, make_subscription
from tests.integration.ops import scenes
from tests.integration.web_admin.browsing import Visitor, flash

BLOCKS = {
    "block": ["0", "1"],
    "block-0-kind": "button",
    "block-0-text": "Keep a place",
    "block-0-url": "https://courier.example/place",
    "block-1-kind": "quote",
    "block-1-text": "It was late.",
}
WORDS = {"subject": "Open house", "body_markdown": "Come & see", "audience": "everybody"}


@pytest.fixture
def draft(sessions: Sessions) -> Blast:
    with transaction(sessions) as session:
        return scenes.make_draft(session, readers=3, now=datetime.now(UTC))


def kept(sessions: Sessions, draft: Blast) -> Blast:
    with sessions() as session:
        return session.get_one(Blast, draft.id)


def opened_at(visitor: Visitor, path: str) -> str:
    found = re.search(r'name="opened" value="([^"]+)"', visitor.open(path).text)
    assert found
    return found[1]


def order(text: str) -> list[str]:
    return re.findall(r'name="block-\d+-kind" value="(\w+)"', text)


def test_blocks_are_added_moved_and_removed_by_buttons_and_saved_with_the_rest(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    with transaction(sessions) as session:
        newsletter = session.get_one(Blast, draft.id).newsletter
        article = make_article(session, make_source(session, newsletter), title="Soup for <all>")
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/edit"
    before = kept(sessions, draft)

    def press(act: str, **more: object) -> str:
        answer = visitor.send(path, **{**WORDS, **BLOCKS, **more, "act": act})
        assert answer.status_code == 200
        assert "Come &amp; see" in answer.text
        return answer.text

    assert order(press("add image")) == ["button", "quote", "image"]
    assert order(press("up 1")) == order(press("down 0")) == ["quote", "button"]
    assert order(press("remove 0")) == ["quote"]
    assert order(press("up 99")) == order(press("explode 1")) == ["button", "quote"]
    found = press("search", article_query="soup ALL")
    assert f'value="pick {article.id}"' in found
    assert "Soup for &lt;all&gt;" in found
    assert "No article" in press("search", article_query="100%")
    assert order(press(f"pick {article.id}")) == ["button", "quote", "article"]
    assert kept(sessions, draft).version == before.version

    swapped = {**WORDS, **BLOCKS, "block": ["1", "0"], "preheader": "Soup and presses"}
    assert visitor.send(path, **swapped).status_code == 302

    blast = kept(sessions, draft)
    assert [block["kind"] for block in blast.blocks["blocks"]] == ["quote", "button"]
    assert (blast.subject, blast.preheader, blast.version) == ("Open house", "Soup and presses", 2)


def test_what_cannot_be_saved_is_said_and_nothing_typed_is_lost(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/edit"

    answer = visitor.send(path, **{**WORDS, **BLOCKS, "block-0-url": "javascript:alert(1)"})
    assert answer.status_code == 422
    assert "is no web address" in answer.text
    assert 'value="javascript:alert(1)"' in answer.text
    answer = visitor.send(path, **{**WORDS, "body_markdown": "Dear {{ name | you }}"})
    assert "There is no field “name”" in answer.text
    assert "Dear {{ name | you }}" in answer.text


def test_who_saves_second_sees_both_texts_and_decides(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    path = f"/console/blasts/{draft.id}/edit"
    visitor.be(sessions, Role.SENDER)
    visitor.send(path, **{**WORDS, "subject": "Hers", "version": 1})
    visitor.be(sessions, Role.EDITOR)

    answer = visitor.send(path, **{**WORDS, **BLOCKS, "subject": "Mine", "version": 1})

    assert answer.status_code == 409
    assert "Sender has saved this blast since you opened it" in answer.text
    assert "<dd>Hers</dd>" in answer.text
    assert 'value="Mine"' in answer.text
    assert order(answer.text) == ["button", "quote"]
    assert kept(sessions, draft).subject == "Hers"
    version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)
    assert version
    visitor.send(path, **{**WORDS, "subject": "Mine", "version": version[1]})
    assert kept(sessions, draft).subject == "Mine"


def test_a_blast_is_seen_as_a_reader_whose_address_stays_out_of_sight(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    with transaction(sessions) as session:
        blast = session.get_one(Blast, draft.id)
        blast.body_markdown = "You read {{ topics | everything }}."
        topic = blast.newsletter.topics[0]
        reader = make_subscription(session, blast.newsletter, topic_ids=[topic.id])
        name, email, number = topic.name, reader.subscriber.email, reader.id
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}"

    found = visitor.client.get(path, query_string={"reader": email})
    assert found.location == f"{path}?reader={number}#preview"
    page = visitor.open(f"{path}?reader={number}&look=text").text
    assert f"You read {name}." in page
    assert email not in page
    assert "You read everything." in visitor.open(f"{path}?look=text").text
    assert f"You read {name}." in visitor.open(f"{path}/mail?reader={number}").text
    assert "has no reader with this address" in visitor.open(f"{path}?reader=nobody@nowhere.example").text


def test_looks_differ_and_none_lets_a_mail_run_anything(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.VIEWER)
    path = f"/console/blasts/{draft.id}/mail"

    plain, dark, bare = (visitor.open(f"{path}?look={look}") for look in ("desk", "dark", "no-images"))

    assert "prefers-color-scheme: dark" not in plain.text + dark.text
    assert "@media all" in dark.text
    assert "img-src 'none'" in bare.headers["Content-Security-Policy"]
    for answer in (plain, dark, bare):
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "&lt;!DOCTYPE html" in visitor.open(f"/console/blasts/{draft.id}?look=source").text


def test_a_test_goes_to_colleagues_with_a_readers_fields_and_to_no_reader(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    with transaction(sessions) as session:
        blast = session.get_one(Blast, draft.id)
        blast.body_markdown = "You read {{ topics | everything }}."
        topic = blast.newsletter.topics[0]
        reader = make_subscription(session, blast.newsletter, topic_ids=[topic.id]).id
        name = topic.name
        others = [make_operator(session, password_hash="x").id for _ in range(6)]
    me = visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/{draft.id}/test"

    assert visitor.send(path, ticket="t", to=others).status_code == 422
    assert visitor.send(path, ticket="t", to=[10**9]).status_code == 422
    answer = visitor.send(path, ticket="t", to=[me.id, others[0]], reader=reader)
    visitor.send(path, ticket="t", to=[me.id, others[0]], reader=reader)

    assert "to 2 operators" in flash(visitor.client.get(answer.location))
    with sessions() as session:
        sent = list(session.scalars(select(Message).where(Message.kind == "blast_test")))
        assert {each.operator_id for each in sent} == {me.id, others[0]}
        assert {each.subscriber_id for each in sent} == {None}
        assert len(sent) == 2
        assert {session.get_one(Operator, each.operator_id).id for each in sent} == {me.id, others[0]}
        assert all(each.details["as_reader"] == reader for each in sent)
    assert f"You read {name}." in visitor.open(f"/console/blasts/{draft.id}?reader={reader}&look=text").text


def test_what_is_typed_is_shown_as_a_mail_and_kept_nowhere(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/blasts/typed/{draft.newsletter_id}"

    answer = visitor.send(path, **{**WORDS, **BLOCKS})
    assert "Come &amp; see" in answer.text
    assert "Keep a place" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "There is no field" in visitor.send(path, body_markdown="{{ x | y }}").text
    assert kept(sessions, draft).version == 1


def test_the_check_stands_on_the_draft_and_keeps_it_from_being_sent(
    sessions: Sessions, visitor: Visitor, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    path = f"/console/blasts/{draft.id}"
    visitor.send(f"{path}/edit", **{**WORDS, "subject": "Re: soup for free"})

    page = visitor.open(path).text
    assert "1 thing keeps it from being sent" in page
    assert "It looks like an answer" in page
    assert "filters distrust “for free”" not in page
    assert "filters distrust “for free”" in visitor.open(f"{path}?words=look").text.replace("Some ", "")
    assert visitor.send(f"{path}/send", confirmed_count=3).status_code == 409
    assert visitor.send(f"{path}/links").status_code == 200


def test_a_plan_or_an_audience_that_somebody_else_has_saved_meanwhile_is_not_overwritten_unseen(
    visitor: Visitor, sessions: Sessions, draft: Blast
) -> None:
    visitor.be(sessions, Role.SENDER)
    pages = {
        f"/console/blasts/{draft.id}/plan": {"when": "now", "has_latest": "y", "latest_hours": "6"},
        f"/console/blasts/{draft.id}/audience": {"rhythms": "weekly"},
    }
    opened = {path: opened_at(visitor, path) for path in pages}
    with transaction(sessions) as session:
        theirs = Criteria(locales=("de",))
        choosing.set_audience(session, draft.id, theirs, actor="operator 2", now=datetime.now(UTC))
        choosing.set_plan(session, draft.id, Plan(latest_hours=2), actor="operator 2", now=datetime.now(UTC))

    for path, typed in pages.items():
        refused = visitor.send(path, opened=opened[path], **typed)
        assert refused.status_code == 422
        assert "not saved yet" in " ".join(refused.text.split())
        assert kept(sessions, draft).audience == {"locales": ["de"]}
        again = re.search(r'name="opened" value="([^"]+)"', refused.text)
        assert again
        assert visitor.send(path, opened=again[1], **typed).status_code == 302

    row = kept(sessions, draft)
    assert (row.audience, row.plan["latest_hours"]) == ({"rhythms": ["weekly"]}, 6)
