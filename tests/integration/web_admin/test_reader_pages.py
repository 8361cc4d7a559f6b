"""Readers as operators find and serve them: by address, by list, and one by one."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import suppression
from service.delivery.models import Suppression
from service.operators.models import Role
from service.subscribers.models import ConsentEvent, ConsentKind, Subscriber, Subscription, SubscriptionState
from tests.factories import make_newsletter, make_subscription
from tests.integration.web_admin.browsing import Visitor, flash

PAGE = "/console/readers/"
LATER = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()


def person(sessions: Sessions, email: str = "ann.lee@example.org", **values: object) -> Subscription:
    with transaction(sessions) as session:
        return make_subscription(session, make_newsletter(session), email=email, **values)


def found(visitor: Visitor, typed: str) -> list[str]:
    answer = visitor.send(f"{PAGE}search", typed=typed)
    assert len(typed) < 4 or typed.strip("@") not in answer.headers["Location"]
    page = visitor.open(answer.headers["Location"]).text
    return re.findall(r'reader-cell"><a href="[^"]+">([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ann", {"ann.lee@example.org", "Ann.Other@example.net"}),
        ("ANN.LEE@example.org", {"ann.lee@example.org"}),
        ("@example.net", {"Ann.Other@example.net"}),
        ("lee", set()),
        ("an%", set()),
        ("a", set()),
        ("@net", set()),
    ],
)
def test_a_reader_is_found_by_beginning_whole_address_and_domain(
    visitor: Visitor, sessions: Sessions, typed: str, shown: set[str]
) -> None:
    person(sessions)
    person(sessions, "Ann.Other@example.net")
    person(sessions, "bob@example.org")
    visitor.be(sessions, Role.EDITOR)
    assert set(found(visitor, typed)) == shown


def test_a_viewer_sees_masked_addresses_and_cannot_guess_their_way_to_one(
    visitor: Visitor, sessions: Sessions
) -> None:
    row = person(sessions)
    visitor.be(sessions, Role.VIEWER)
    assert found(visitor, "ann") == []
    assert found(visitor, "ann.lee@example.org") == ["a…e@example.org"]
    for path in (PAGE, f"{PAGE}{row.subscriber_id}"):
        page = visitor.open(path).text
        assert "ann.lee@" not in page
        assert "a…e@example.org" in page
    assert visitor.send(f"{PAGE}{row.subscriber_id}/export").status_code == 403
    assert visitor.open(f"{PAGE}{row.subscriber_id}/erase").status_code == 403
    assert visitor.open(f"{PAGE}{row.subscriber_id}/subscriptions/{row.id}").status_code == 403


def test_lists_are_narrowed_by_state_newsletter_and_topic_and_go_on_by_key(
    visitor: Visitor, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        one, other = make_newsletter(session), make_newsletter(session)
        for n in range(52):
            make_subscription(session, one, email=f"one{n}@example.org", topic_ids=[one.topics[n % 2].id])
        make_subscription(session, other, email="gone@example.org", state=SubscriptionState.UNSUBSCRIBED)
        topic = one.topics[1].id
    visitor.be(sessions, Role.EDITOR)
    assert "gone@example.org" in visitor.open(f"{PAGE}?which=unsubscribed").text
    assert "Nobody here" in visitor.open(f"{PAGE}?which=unsubscribed&newsletter={one.id}").text
    assert visitor.open(f"{PAGE}?which=active&topic={topic}").text.count('class="reader-cell"') == 26
    first = visitor.open(f"{PAGE}?which=active&newsletter={one.id}").text
    assert first.count('class="reader-cell"') == 50
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    assert visitor.open(older[1].replace("&amp;", "&")).text.count('class="reader-cell"') == 2
    assert visitor.open(f"{PAGE}?which=nonsense").status_code == 422


def test_acting_in_a_readers_place_is_written_into_both_logs_with_its_reason(
    visitor: Visitor, sessions: Sessions
) -> None:
    row = person(sessions)
    operator = visitor.be(sessions, Role.EDITOR)
    base = f"{PAGE}{row.subscriber_id}/subscriptions/{row.id}"
    assert "Say why" in visitor.send(f"{base}/pause", until=LATER).text
    assert "Write a day" in visitor.send(f"{base}/pause", until="soon", reason="asked").text
    visitor.send(f"{base}/pause", until=LATER, reason="away, says her mail")
    with sessions() as session:
        assert str(session.get_one(Subscription, row.id).paused_until) == LATER
    visitor.send(f"{base}/resume", reason="back again")
    visitor.send(f"{base}/unsubscribe", reason="asked by phone")
    with sessions() as session:
        assert session.get_one(Subscription, row.id).state is SubscriptionState.UNSUBSCRIBED
        log = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id)).all()
        assert [(each.kind, each.details["reason"]) for each in log] == [
            (ConsentKind.PAUSED, "away, says her mail"),
            (ConsentKind.RESUMED, "back again"),
            (ConsentKind.UNSUBSCRIBED, "asked by phone"),
        ]
        assert {each.channel for each in log} == {f"operator {operator.id}"}
        audited = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert audited[-3:] == ["reader.paused", "reader.resumed", "reader.unsubscribed"]
    page = visitor.open(f"{PAGE}{row.subscriber_id}").text
    assert "asked by phone" in page
    assert "by Editor" in page


def test_preferences_are_changed_but_nobody_says_yes_in_a_readers_name(
    visitor: Visitor, sessions: Sessions
) -> None:
    row = person(sessions)
    visitor.be(sessions, Role.EDITOR)
    path = f"{PAGE}{row.subscriber_id}/subscriptions/{row.id}"
    assert "Nobody can do that in their place" in visitor.open(path).text
    form = {
        "topics": str(row.topic_ids[0]),
        "rhythm": "daily",
        "weekday": "5",
        "hour": "18",
        "time_zone": "Europe/Berlin",
        "enough_items": "5",
        "max_items": "",
        "explore": "y",
        "format": "text",
        "locale": "de",
        "reason": "wrote to us",
    }
    refused = visitor.send(path, **form | {"announcements": "y"})
    assert refused.status_code == 422
    assert "Only the reader can say yes" in refused.text
    assert visitor.send(path, **form).status_code == 302
    with sessions() as session:
        saved = session.get_one(Subscription, row.id)
        assert (saved.rhythm, saved.hour, saved.time_zone) == ("daily", 18, "Europe/Berlin")
        assert (saved.plain_text, saved.locale, saved.announcements) == (True, "de", False)
        assert saved.topic_ids == row.topic_ids[:1]


def test_an_export_is_the_readers_own_and_the_audit_log_says_who_took_it(
    visitor: Visitor, sessions: Sessions
) -> None:
    row = person(sessions)
    visitor.be(sessions, Role.EDITOR)
    answer = visitor.send(f"{PAGE}{row.subscriber_id}/export")
    assert json.loads(answer.text)["address"] == "ann.lee@example.org"
    with sessions() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert (entry.action, entry.subject) == ("reader.exported", f"subscriber {row.subscriber_id}")


def test_erasing_needs_the_address_and_leaves_no_trace_of_it(
    visitor: Visitor, sessions: Sessions, runtime: Runtime
) -> None:
    row = person(sessions)
    visitor.be(sessions, Role.EDITOR)
    path = f"{PAGE}{row.subscriber_id}/erase"
    wrong = visitor.send(path, typed="bob@example.org", reason="asked")
    assert wrong.status_code == 422
    assert "not the reader’s address" in wrong.text
    visitor.send(path, typed="Ann.Lee@example.org", reason="asked on Monday")
    with sessions() as session:
        assert session.get(Subscriber, row.subscriber_id) is None
        [kept] = session.scalars(select(Suppression))
        assert (kept.reason, kept.subscriber_id) == ("erased", None)
        written = session.scalars(select(AuditEntry)).all()
        assert not any("ann.lee" in str((each.before, each.after)) for each in written)
    assert visitor.open(f"{PAGE}{row.subscriber_id}").status_code == 404


def test_a_complaint_stays_and_another_suppression_is_lifted_with_a_reason(
    visitor: Visitor, sessions: Sessions, runtime: Runtime, now: datetime
) -> None:
    row = person(sessions)
    visitor.be(sessions, Role.EDITOR)
    reader = f"{PAGE}{row.subscriber_id}"
    visitor.send(f"{reader}/suppress", list="0", reason="bounces at the gateway")
    address_hash = runtime.hash_address("ann.lee@example.org")
    with sessions() as session:
        assert suppression.find(session, [address_hash], list_id=None) == {address_hash: "operator"}
        number = session.scalars(select(Suppression.id)).one()
    assert "ann.lee@example.org" in visitor.open("/console/suppressions/").text
    assert "ann.lee@example.org" in visitor.open(f"{PAGE}?which=suppressed").text
    assert "On the list" in visitor.send("/console/suppressions/look", typed="ANN.lee@example.org ").text
    assert visitor.send(f"/console/suppressions/{number}/lift").status_code == 422
    assert "Lifted" in flash(
        visitor.client.post(
            f"/console/suppressions/{number}/lift",
            data={"csrf_token": visitor.token("/console/account/"), "reason": "fixed"},
            follow_redirects=True,
        )
    )
    with transaction(sessions) as session:
        assert suppression.find(session, [address_hash], list_id=None) == {}
        suppression.suppress(session, address_hash, reason="complaint", now=now)
        number = session.scalars(select(Suppression.id)).one()
    assert visitor.send(f"/console/suppressions/{number}/lift", reason="please").status_code == 409
    assert "nobody can lift it" in visitor.open(reader).text
    file = visitor.send("/console/suppressions/suppressions.csv").text
    assert "complaint" in file


def test_two_readers_are_merged_as_it_was_shown_or_not_at_all(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        shared, only, left = (make_newsletter(session, name=name) for name in ("Shared", "Only", "Left"))
        kept = make_subscription(session, shared, email="new@example.org")
        gone = make_subscription(session, shared, email="old@example.org", hour=20)
        for newsletter, who, state in (
            (only, gone, SubscriptionState.ACTIVE),
            (left, gone, SubscriptionState.ACTIVE),
            (left, kept, SubscriptionState.UNSUBSCRIBED),
        ):
            extra = make_subscription(session, newsletter, state=state)
            extra.subscriber = who.subscriber
    visitor.be(sessions, Role.EDITOR)
    answer = visitor.send(f"{PAGE}{kept.subscriber_id}/merge", address="OLD@example.org")
    plan = answer.headers["Location"]
    page = visitor.open(plan).text
    assert "comes once, as the kept address has set it" in page
    assert "Moves to the kept address" in page
    assert "Leaving wins" in page
    mark = re.search(r'name="mark" value="(\w+)"', page)
    assert mark
    stale = visitor.send(plan, mark="0123456789abcdef", reason="same person")
    assert stale.status_code == 409
    assert visitor.send(plan, mark=mark[1], reason="same person").status_code == 302
    with sessions() as session:
        rows = session.scalars(
            select(Subscription).where(Subscription.state == SubscriptionState.ACTIVE)
        ).all()
        mine = {(row.newsletter_id, row.subscriber_id, row.hour) for row in rows}
        assert mine == {(shared.id, kept.subscriber_id, 7), (only.id, kept.subscriber_id, 7)}
    assert (
        "No reader has this address"
        in visitor.send(f"{PAGE}{kept.subscriber_id}/merge", address="nobody@example.org").text
    )
