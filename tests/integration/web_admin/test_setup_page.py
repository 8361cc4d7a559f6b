"""The first run: everything at once, or everything given back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from service.app import create_app
from service.articles.models import CategoryMapping, Source
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.dispatch import TaskName
from service.newsletters.models import Newsletter, Sender
from service.operators import setup
from service.operators.models import Operator, Role
from tests.conftest import RecordingDispatcher
from tests.factories import make_operator
from tests.feed_server import FeedServer, page
from tests.integration.web_admin.browsing import Visitor

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Courier &amp; Sons</title>
<link>https://courier.example/</link><description>News</description>
<item><title>Ferry &lt;b&gt;late&lt;/b&gt;</title><link>https://courier.example/1</link><guid>1</guid></item>
<item><title>Bridge open</title><link>https://courier.example/2</link><guid>2</guid></item></channel></rss>"""

GOOD = {
    "operator_name": "Ada Quay",
    "operator_email": "ada@courier.example",
    "password": "over the old bridge",
    "newsletter_name": "The Harbour Courier",
    "tagline": "News from both sides of the water",
    "home_url": "courier.example",
    "sender_name": "The Courier",
    "sender_email": "news@courier.example",
    "postal_address": "1 Quay Street\r\nHarbour",
    "topics": "Science\r\n\r\nCity Hall\r\nscience",
    "feed_url": "",
}


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer().running() as server:
        server.answers["/feed.xml"] = page(RSS, Content_Type="application/rss+xml")
        server.answers["/"] = page(
            b"<!doctype html><html><body>Welcome</body></html>", Content_Type="text/html"
        )
        yield server


@pytest.fixture
def visitor(runtime: Runtime, feeds: FeedServer) -> Visitor:
    """A visitor of an installation that may fetch from the feed server on loopback."""
    settings = runtime.settings.model_copy(update={"feed_allow_hosts": frozenset({feeds.host})})
    return Visitor(create_app(runtime.with_(settings=settings)).test_client())


@pytest.fixture
def path(runtime: Runtime) -> str:
    return f"/setup/{setup.setup_token(runtime.settings)}"


def test_one_page_makes_account_newsletter_sender_topics_and_source(
    visitor: Visitor, sessions: Sessions, feeds: FeedServer, path: str, dispatcher: RecordingDispatcher
) -> None:
    answer = visitor.send(path, page=path, **GOOD | {"feed_url": feeds.url("/feed.xml")})
    assert (answer.status_code, answer.text.count("field-error")) == (302, 0)
    with sessions() as session:
        operator = session.scalars(select(Operator)).one()
        newsletter = session.scalars(select(Newsletter)).one()
        source = session.scalars(select(Source)).one()
        assert (operator.role, operator.email) == (Role.ADMIN, "ada@courier.example")
        assert (newsletter.slug, newsletter.home_url) == ("the-harbour-courier", "https://courier.example")
        assert [topic.name for topic in newsletter.topics] == ["Science", "City Hall"]
        assert newsletter.sender.postal_address == "1 Quay Street\nHarbour"
        assert (source.name, source.newsletter_id) == ("Courier & Sons", newsletter.id)
        mapped = session.scalars(select(CategoryMapping).order_by(CategoryMapping.id)).all()
        assert {row.category: row.topic_id for row in mapped} == {
            topic.name: topic.id for topic in newsletter.topics
        }
    assert TaskName.POLL_SOURCES in dispatcher.woken
    assert "is set up" in visitor.open("/console/newsletters/").text


def test_a_wrong_field_makes_nothing_and_loses_nothing(
    visitor: Visitor, sessions: Sessions, path: str
) -> None:
    wrong = {
        "operator_email": "ada@",
        "password": "adaquay-2026!",
        "sender_name": "Re: us",
        "home_url": "http://",
    }
    answer = visitor.send(path, page=path, **GOOD | wrong)
    assert answer.status_code == 422
    assert answer.text.count('class="field-error"') == 4
    assert "4 things need a second look" in answer.text
    for typed in (
        "Ada Quay",
        "ada@",
        "adaquay-2026!",
        "The Harbour Courier",
        "Re: us",
        "1 Quay Street",
        "City Hall",
    ):
        assert typed in answer.text
    with sessions() as session:
        for table in (Operator, Newsletter, Sender):
            assert session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize(("target", "reason"), [("/", "web page, not a feed"), ("/gone", "404")])
def test_a_feed_that_cannot_be_read_stops_the_set_up_with_its_reason(
    visitor: Visitor, sessions: Sessions, feeds: FeedServer, path: str, target: str, reason: str
) -> None:
    answer = visitor.send(path, page=path, **GOOD | {"feed_url": feeds.url(target)})
    assert answer.status_code == 422
    assert reason in answer.text
    with sessions() as session:
        assert setup.is_open(session)


def test_a_feed_of_a_private_address_is_not_fetched(visitor: Visitor, path: str) -> None:
    answer = visitor.send(path, page=path, **GOOD | {"feed_url": "http://169.254.169.254/latest"})
    assert answer.status_code == 422
    assert 'id="feed_url-error"' in answer.text


def test_checking_the_feed_shows_its_title_and_saves_nothing(
    visitor: Visitor, sessions: Sessions, feeds: FeedServer, path: str
) -> None:
    answer = visitor.send(
        path, page=path, check="1", feed_url=feeds.url("/feed.xml"), newsletter_name="Half <typed>"
    )
    assert answer.status_code == 200
    assert "Courier &amp; Sons" in answer.text
    assert "2 articles" in answer.text
    assert "<b>late</b>" not in answer.text
    assert "field-error" not in answer.text
    assert 'value="Half &lt;typed&gt;"' in answer.text
    with sessions() as session:
        assert setup.is_open(session)


def test_without_a_postal_address_the_console_says_that_nothing_is_sent(visitor: Visitor, path: str) -> None:
    visitor.send(path, page=path, **GOOD | {"postal_address": "", "topics": ""})
    shown = visitor.open("/console/newsletters/").text
    assert "Nothing is sent until this is done" in shown
    assert "no postal address" in shown
    assert "no topic" in shown


def test_the_page_is_gone_once_there_is_an_account(visitor: Visitor, sessions: Sessions, path: str) -> None:
    assert visitor.open(path).status_code == 200
    assert "not set up yet" in visitor.open("/setup").text
    with transaction(sessions) as session:
        make_operator(session)
    gone = visitor.open(path)
    assert (gone.status_code, "set up already" in gone.text) == (404, True)
    assert visitor.send(path, **GOOD).status_code == 404
    assert visitor.open("/setup").location == "/console/login"
    with sessions() as session:
        assert session.scalar(select(func.count(Newsletter.id))) == 0


def test_a_guessed_token_opens_nothing(visitor: Visitor, path: str) -> None:
    assert visitor.open("/setup/0123456789abcdef0123456789abcdef").status_code == 404
    assert visitor.send("/setup/nope", page=path, **GOOD).status_code == 404


def test_it_says_where_mail_goes(runtime: Runtime, path: str) -> None:
    inbox = {"smtp_is_inbox": True, "inbox_url": "http://127.0.0.1:8025/"}
    settings = runtime.settings.model_copy(update=inbox)
    text = Visitor(create_app(runtime.with_(settings=settings)).test_client()).open(path).text
    assert "development inbox" in text
    assert 'href="http://127.0.0.1:8025/"' in text
    real = Visitor(create_app(runtime).test_client()).open(path).text
    assert "development inbox" not in real
    assert "127.0.0.1:1" in real
