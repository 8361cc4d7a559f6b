"""Newsletters, topics, senders, sources, categories and operators through their pages."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import select

from service.app import create_app
from service.articles import mapping, polls
from service.articles.models import ArticleTopic, CategoryMapping, Source
from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery.models import Message
from service.dispatch import TaskName
from service.emails.letters import Layout
from service.newsletters.models import Newsletter, Sender, Topic
from service.operators.models import Operator, Role
from service.subscribers.models import LeavingReason, SubscriptionState
from tests.conftest import RecordingDispatcher
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.feed_server import FeedServer, page
from tests.integration.web_admin.browsing import Visitor, flash

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Observatory</title><link>https://o.example/</link>
<description>d</description><item><title>Comet</title><link>https://o.example/1</link></item></channel></rss>"""


@pytest.fixture
def editor(visitor: Visitor, sessions: Sessions) -> Visitor:
    visitor.be(sessions, Role.EDITOR)
    return visitor


@pytest.fixture
def newsletter(sessions: Sessions) -> Newsletter:
    with transaction(sessions) as session:
        return make_newsletter(session, topics=("Science", "Climate"))


def test_every_page_has_a_clear_empty_state(editor: Visitor) -> None:
    for path, sentence in {
        "/console/newsletters/": "No newsletter yet",
        "/console/senders/": "No sender yet",
        "/console/sources/": "No open newsletter",
        "/console/categories/": "No open newsletter",
    }.items():
        assert sentence in editor.open(path).text, path
    assert editor.open("/console/newsletters/new").location == "/console/senders/new"


def test_a_sender_and_a_newsletter_are_made_by_hand(editor: Visitor, sessions: Sessions) -> None:
    editor.send(
        "/console/senders/new",
        page="/console/senders/new",
        name="The Courier",
        email="news@courier.example",
        postal_address="1 Quay Street",
    )
    with sessions() as session:
        sender = session.scalars(select(Sender)).one()
    fields = {
        "name": "Weekend <Reader>",
        "sender_id": sender.id,
        "locale": "en",
        "time_zone": "Europe/Vienna",
        "default_hour": "9",
        "min_items": "2",
        "max_items": "8",
        "layout": "compact",
    }
    made = editor.send("/console/newsletters/new", page="/console/newsletters/new", **fields)
    with sessions() as session:
        newsletter = session.scalars(select(Newsletter)).one()
    assert made.location == f"/console/newsletters/{newsletter.id}/topics/"
    assert (newsletter.slug, newsletter.default_hour) == ("weekend-reader", 9)
    assert newsletter.layout is Layout.COMPACT
    page = editor.open(f"/console/newsletters/{newsletter.id}").text
    assert '<option selected value="compact">' in page
    assert "Weekend &lt;Reader&gt;" in editor.open("/console/newsletters/").text


def test_wrong_values_come_back_as_typed_with_reasons(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions
) -> None:
    path = f"/console/newsletters/{newsletter.id}"
    answer = editor.send(
        path,
        page=path,
        name="",
        tagline="Typed <here>",
        sender_id="9999",
        locale="en",
        time_zone="Mars/Base",
        default_hour="99",
        layout="cubist",
        min_items="many",
        max_items="8",
    )
    assert answer.status_code == 422
    for piece in (
        "Typed &lt;here&gt;",
        "Choose a time zone by its city",
        "Enter the name",
        "Not a valid choice",
    ):
        assert piece in answer.text
    assert 'value="many"' in answer.text
    with sessions() as session:
        assert session.get_one(Newsletter, newsletter.id).name == newsletter.name


def test_topics_are_added_moved_renamed_and_archived(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions
) -> None:
    path = f"/console/newsletters/{newsletter.id}/topics/"
    editor.send(path, page=path, name="Culture", description="Stage and page")
    twice = editor.send(path, page=path, name="culture", description="kept")
    assert (twice.status_code, 'value="kept"' in twice.text) == (422, True)
    with sessions() as session:
        culture = session.scalars(select(Topic).where(Topic.name == "Culture")).one()
    editor.send(f"{path}{culture.id}/up", page=path)
    editor.send(f"{path}{culture.id}", page=path, name="Arts", description="")
    editor.send(f"{path}{newsletter.topics[0].id}/archive", page=path)
    with sessions() as session:
        offered = session.get_one(Newsletter, newsletter.id).open_topics
        assert [topic.name for topic in offered] == ["Arts", "Climate"]


def test_a_topic_of_another_newsletter_is_out_of_reach(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        other = make_newsletter(session)
    path = f"/console/newsletters/{newsletter.id}/topics/{other.topics[0].id}"
    assert editor.open(path).status_code == 404
    assert editor.send(f"{path}/archive").status_code == 404


def test_a_closed_newsletter_says_so_and_reopens(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions
) -> None:
    path = f"/console/newsletters/{newsletter.id}"
    editor.send(f"{path}/close", page=path)
    assert "This newsletter is closed" in editor.open(path).text
    editor.send(f"{path}/reopen", page=path)
    with sessions() as session:
        assert session.get_one(Newsletter, newsletter.id).closed_at is None


def test_a_source_is_read_before_it_is_added(
    runtime: Runtime, newsletter: Newsletter, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    with FeedServer().running() as feeds:
        feeds.answers["/feed.xml"] = page(FEED, Content_Type="application/rss+xml")
        settings = runtime.settings.model_copy(update={"feed_allow_hosts": frozenset({feeds.host})})
        editor = Visitor(create_app(runtime.with_(settings=settings)).test_client())
        editor.be(sessions, Role.EDITOR)
        path = f"/console/sources/new/{newsletter.id}"
        fields = {"url": feeds.url("/feed.xml"), "name": "", "default_topic_id": "0", "poll_minutes": "30"}
        checked = editor.send(path, page=path, check="1", **fields)
        assert (checked.status_code, "1 article" in checked.text) == (200, True)
        refused = editor.send(path, page=path, **fields | {"url": feeds.url("/nothing")})
        assert (refused.status_code, "cannot be read" in refused.text) == (422, True)
        with sessions() as session:
            assert session.scalars(select(Source)).all() == []
        assert editor.send(path, page=path, **fields).status_code == 302
        twice = editor.send(path, page=path, **fields)
        assert (twice.status_code, "already" in twice.text) == (422, True)
    with sessions() as session:
        source = session.scalars(select(Source)).one()
        assert (source.name, source.poll_minutes) == ("Observatory", 30)
        actions = session.scalars(select(AuditEntry.action)).all()
        assert "source.added" in actions
    assert TaskName.POLL_SOURCES in dispatcher.woken


def test_sources_show_their_health_and_can_be_polled_and_switched_off(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    later = datetime(2099, 1, 1, tzinfo=UTC)
    with transaction(sessions) as session:
        source = make_source(
            session,
            newsletter,
            name="Gazette <x>",
            last_error="The server answered 503 <b>Oops</b>.",
            failures=3,
            next_poll_at=later,
        )
    shown = editor.open("/console/sources/").text
    assert "failing" in shown
    assert "503 &lt;b&gt;Oops&lt;/b&gt;. (3 times in a row)" in shown
    editor.send(f"/console/sources/{source.id}/poll", page="/console/sources/")
    with sessions() as session:
        assert session.get_one(Source, source.id).next_poll_at < later
    assert TaskName.POLL_SOURCES in dispatcher.woken
    path = f"/console/sources/{source.id}"
    editor.send(path, page=path, url=source.url, name="Gazette", default_topic_id="0", poll_minutes="15")
    with sessions() as session:
        assert session.get_one(Source, source.id).enabled is False
    assert "<html" not in editor.open("/console/sources/", HX_Request="true").text


def test_a_source_shows_its_last_looks_and_is_paused_and_polled_from_its_page(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions
) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        source = make_source(session, newsletter, last_polled_at=now, last_success_at=now)
        make_article(session, source, published_at=now)
        polls.note(session, source, error="The server answered <b>503</b>.", now=now)
        polls.note(session, source, new=3, changed=1, now=now)
    path = f"/console/sources/{source.id}"
    text = editor.open(path).text
    assert "The server answered &lt;b&gt;503&lt;/b&gt;." in text
    assert "<b>3</b> new, 1 corrected" in text
    listed = editor.open("/console/sources/").text
    assert "Of the last 2 looks, 1 failed" in listed
    assert "today last: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1" in listed
    [(link, number)] = re.findall(r'href="(/console/articles/\?source=\d+)">(\d+)<', listed)
    assert (number, editor.open(link).text.count('class="title-cell"')) == ("1", 1)
    assert editor.send(f"{path}/pause", page=path, **{"from": "source"}).location == path
    assert '<span class="state off">paused</span>' in editor.open(path).text
    with sessions() as session:
        assert not session.get_one(Source, source.id).enabled
    assert editor.send(f"{path}/poll", page=path, **{"from": "source"}).location == path
    with sessions() as session:
        assert session.get_one(Source, source.id).enabled


def test_a_category_is_mapped_with_one_click_for_past_articles_too(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    with transaction(sessions) as session:
        source = make_source(session, newsletter)
        article = make_article(session, source, categories=["Sciences"])
        row = CategoryMapping(
            newsletter_id=newsletter.id,
            category="Sciences",
            category_key="sciences",
            first_seen_at=source.created_at,
        )
        session.add(row)
    path = "/console/categories/"
    science = newsletter.topics[0]
    text = editor.open(path).text
    assert "Map to Science" in text
    [(link, number)] = re.findall(r'href="(/console/articles/\?category=\d+)">(\d+)<', text)
    assert (number, editor.open(link).text.count('class="title-cell"')) == ("1", 1)
    editor.send(f"{path}{row.id}", page=path, topic=science.id)
    with sessions() as session:
        pool = session.scalars(select(ArticleTopic)).one()
        assert (pool.article_id, pool.topic_id) == (article.id, science.id)
    assert TaskName.SETTLE in dispatcher.woken
    assert "1 article is added" in flash(editor.open(path))
    editor.send(f"{path}{row.id}", page=path, topic="ignore")
    with sessions() as session:
        assert session.scalars(select(ArticleTopic)).all() == []
        assert session.get_one(CategoryMapping, row.id).ignored
    for nonsense in ("", "abc", "9" * 30):
        assert editor.send(f"{path}{row.id}", page=path, topic=nonsense).status_code == 302
    assert editor.send(f"{path}999", page=path, topic="ignore").status_code == 404


def test_many_categories_are_mapped_as_suggested_and_undone(
    editor: Visitor, newsletter: Newsletter, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    with transaction(sessions) as session:
        known = mapping.learn_categories(
            session, newsletter.id, ["Sciences", "climate", "Gossip"], now=datetime.now(UTC)
        ).by_key
        ids = {name: row.id for name, row in known.items()}
    science, climate = (topic.id for topic in newsletter.topics)
    path = "/console/categories/"
    text = editor.open(path).text
    assert "Map all 2 as suggested" in text
    assert "Science? The names are alike." in text
    asked = dict(re.findall(r'name="(suggested-\d+)" value="(\d+)"', text))
    assert asked == {
        f"suggested-{ids['sciences']}": str(science),
        f"suggested-{ids['climate']}": str(climate),
    }

    def topics() -> dict[str, tuple[int | None, bool]]:
        with sessions() as session:
            rows = session.scalars(select(CategoryMapping))
            return {row.category_key: (row.topic_id, row.ignored) for row in rows}

    before = topics()
    refused = editor.send(f"{path}together", page=path, pick=ids["gossip"], to="suggested", **asked)
    assert refused.status_code == 302
    assert "nothing is suggested" in editor.open(path).text
    assert topics() == before
    editor.send(f"{path}together", page=path, all="1", proposed=[ids["sciences"], ids["climate"]], **asked)
    assert "2 categories mapped" in flash(editor.open(path))
    mapped = before | {"sciences": (science, False), "climate": (climate, False)}
    assert topics() == mapped
    editor.send(f"{path}together", page=path, pick=[ids["gossip"], ids["climate"]], to=science, ignore="1")
    assert "“climate” means Climate by now" in unescape(editor.open(path).text), "the page was an old one"
    old = f"{path}{ids['climate']}?was=wait"
    editor.send(old, page=path, topic=science)
    assert "by now" in editor.open(path).text
    assert topics() == mapped
    editor.send(f"{path}together", page=path, pick=ids["gossip"], to=science, ignore="1")
    assert topics() == mapped | {"gossip": (None, True)}

    undo = f"{path}undo/{newsletter.id}"
    at = re.findall(r'name="at" value="([^"]+)"', editor.open(path).text)
    editor.send(undo, page=path, at=at[0])
    assert topics() == before | {"sciences": (science, False), "climate": (climate, False)}
    editor.send(undo, page=path, at=at[0])
    assert "undone already" in editor.open(path).text
    for nonsense in ("", "yesterday", "2026-11-24T09:00:00"):
        assert editor.send(undo, page=path, at=nonsense).status_code == 302
    assert (
        "Tick the categories first"
        in editor.client.post(
            f"{path}together", data={"csrf_token": editor.token(path)}, follow_redirects=True
        ).text
    )


def test_an_admin_invites_and_disables(
    visitor: Visitor, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    me = visitor.be(sessions, Role.ADMIN)
    path = "/console/operators/"
    with transaction(sessions) as session:
        make_newsletter(session)
    twice = {"name": "Ben", "email": "ben@courier.example", "role": "sender"}
    assert visitor.send(path + "invite", page=path, **twice).status_code == 302
    assert visitor.send(path + "invite", page=path, **twice).status_code == 422
    assert visitor.send(path + "invite", page=path, **twice | {"role": "owner"}).status_code == 422
    with sessions() as session:
        ben = session.scalars(select(Operator).where(Operator.email_key == "ben@courier.example")).one()
        assert session.scalars(select(Message)).one().operator_id == ben.id
    assert TaskName.DELIVER_TRANSACTIONAL in dispatcher.woken
    visitor.send(f"{path}{ben.id}/role", page=path, role="viewer")
    visitor.send(f"{path}{ben.id}/disable", page=path)
    visitor.send(f"{path}{me.id}/disable", page=path)
    assert "only administrator" in flash(visitor.open(path))
    with sessions() as session:
        ben = session.get_one(Operator, ben.id)
        assert (ben.role, ben.disabled_at is None) == (Role.VIEWER, False)
        assert session.get_one(Operator, me.id).disabled_at is None


def test_a_missing_thing_is_a_page_and_no_error(editor: Visitor) -> None:
    for path in ("newsletters/99", "newsletters/99/topics/", "senders/99", "sources/99", "sources/new/99"):
        answer = editor.open(f"/console/{path}")
        assert (answer.status_code, "There is no such" in answer.text) == (404, True), path


def test_the_strip_says_when_mail_reaches_nobody(runtime: Runtime, sessions: Sessions) -> None:
    settings = runtime.settings.model_copy(update={"smtp_is_inbox": True})
    visitor = Visitor(create_app(runtime.with_(settings=settings)).test_client())
    visitor.be(sessions, Role.VIEWER)
    assert "development inbox" in visitor.open("/console/newsletters/").text


def test_nobody_is_invited_while_the_invitation_could_not_be_sent(
    visitor: Visitor, sessions: Sessions
) -> None:
    visitor.be(sessions, Role.ADMIN)
    path = "/console/operators/"
    visitor.send(path + "invite", page=path, name="Ben", email="ben@courier.example", role="sender")
    shown = visitor.open(path).text
    assert "needs a newsletter that is ready to send" in shown
    assert "Send the invitation" not in shown
    with sessions() as session:
        assert session.scalars(select(Message)).all() == []


def test_why_readers_left_is_counted_on_the_newsletters_page(
    editor: Visitor, sessions: Sessions, newsletter: Newsletter
) -> None:
    path = f"/console/newsletters/{newsletter.id}"
    assert "Nobody who left has said why." in editor.open(path).text
    with transaction(sessions) as session:
        for reason in (LeavingReason.TOO_MANY, LeavingReason.TOO_MANY, LeavingReason.OTHER):
            make_subscription(session, newsletter, state=SubscriptionState.UNSUBSCRIBED, left_because=reason)
    text = editor.open(path).text
    assert "Too many mails: <b>2</b>" in text
    assert "Another reason: <b>1</b>" in text
    assert "I read you elsewhere" not in text
