"""One's own mail in the browser and one's own feed: what they show, and what nobody can do with them."""

import re
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.db import Sessions
from service.delivery.models import Message, MessageState
from service.digests import planning
from service.digests.content import NO_MAILING
from service.newsletters.models import Newsletter
from service.popularity.models import Click
from service.subscribers import unsubscribe
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentEvent, Subscription, SubscriptionState
from service.tokens import Purpose
from tests.factories import make_article, make_source, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, field_of, fresh, path_of

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
TITLES = ("Harbour opens early", "Tides explained", "Bread prices fall", "A bridge is named")


@pytest.fixture
def articles(session: Session, newsletter: Newsletter) -> list[Article]:
    source = make_source(session, newsletter)
    rows = [
        make_article(session, source, newsletter.topics[n % 2], seq=n + 1, title=title, published_at=NOW)
        for n, title in enumerate(TITLES)
    ]
    session.commit()
    return rows


@pytest.fixture
def message(
    session: Session, sessions: Sessions, reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> Message:
    """A digest that was sent to Ann."""
    make_subscription(
        session, newsletter, email=ANN, next_due_at=NOW, weekday=NOW.isoweekday(), hour=NOW.hour
    )
    session.commit()
    planning.plan_due(sessions, links=reader.runtime.links, now=NOW)
    row = session.scalars(select(Message)).one()
    row.state, row.sent_at = MessageState.SENT, NOW
    session.commit()
    return row


@pytest.fixture
def owner(session: Session, message: Message) -> Subscription:
    return session.get_one(Subscription, message.subscription_id)


def view(reader: Reader, message: Message) -> str:
    return path_of(reader.runtime.links.view(mailing_id=message.mailing_id, message_id=message.id))


def test_a_mail_is_shown_as_it_was_sent(reader: Reader, message: Message, articles: list[Article]) -> None:
    answer = reader.client.get(view(reader, message))
    assert answer.status_code == 200
    for article in articles:
        assert article.title in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_forwarded_mail_lets_a_stranger_read_it_and_nothing_else(
    session: Session, reader: Reader, message: Message, owner: Subscription
) -> None:
    page = reader.client.get(view(reader, message)).text
    assert ANN not in page
    assert ANN.partition("@")[0] not in page
    assert "inert.invalid" not in page
    assert not re.search(r"/(p|u|f|v|never|c)/", page)
    assert not re.search(r"<(form|script|iframe|object)\b", page)
    # Nor which topics they chose.
    assert "because you chose" not in page
    assert session.scalars(select(ConsentEvent)).all() == []


def test_links_of_a_shown_mail_lead_to_the_articles_and_count_nothing(
    session: Session, reader: Reader, message: Message, articles: list[Article]
) -> None:
    page = reader.client.get(view(reader, message)).text
    followed = set()
    for token in set(re.findall(r"/r/([A-Za-z0-9_.-]+)", page)):
        assert reader.runtime.tokens.read(Purpose.CLICK, token, now=NOW)[0] == NO_MAILING
        followed.add(reader.client.get(f"/r/{token}").location)
    assert followed == {article.url for article in articles}
    assert session.scalars(select(Click)).all() == []


@pytest.mark.parametrize("which", [[0], [1, 3], [0, 1, 2, 3]])
def test_what_was_withdrawn_since_is_left_out(
    session: Session, reader: Reader, message: Message, articles: list[Article], which: list[int]
) -> None:
    for place in which:
        articles[place].withdrawn_at = NOW
    session.commit()
    page = reader.client.get(view(reader, message))
    assert page.status_code == 200
    for place, title in enumerate(TITLES):
        assert (title in page.text) is (place not in which)
    headings = page.text.count("<h2")
    assert headings <= len(TITLES) - len(which)


def test_a_mail_that_the_ledger_has_let_go_of_is_a_friendly_page(
    session: Session, reader: Reader, message: Message
) -> None:
    path = view(reader, message)
    session.execute(text("SET LOCAL broadsheet.retention = 'yes'"))
    session.delete(message)
    session.commit()
    answer = reader.client.get(path)
    assert answer.status_code == 410
    assert "not kept any more" in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_tokens_of_other_purposes_open_no_mail_and_no_feed(
    reader: Reader, message: Message, owner: Subscription
) -> None:
    tokens = reader.runtime.tokens
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES, Purpose.CLICK):
        token = tokens.make(purpose, [message.mailing_id, message.id])
        for path in (f"/v/{token}", f"/f/{token}", f"/f/{token}/json"):
            answer = reader.client.get(path)
            assert answer.status_code == 404
            assert answer.headers["X-Robots-Tag"] == "noindex"
    view_token = view(reader, message).removeprefix("/v/")
    for path in ("p", "u", "never", "f"):
        assert reader.client.get(f"/{path}/{view_token}").status_code == 404


def feed_of(reader: Reader, path: str) -> str:
    found = re.search(r'id="feed-address"[^>]* value="([^"]+)"', reader.client.get(path).text)
    assert found, "the preference page shows no feed"
    return path_of(found[1])


def test_a_reader_turns_a_feed_on_renews_it_and_ends_it(
    session: Session, reader: Reader, owner: Subscription, articles: list[Article]
) -> None:
    path = path_of(reader.runtime.links.preferences(subscription_id=owner.id))
    assert "feed-address" not in reader.client.get(path).text
    reader.post(f"{path}/feed", page=path)
    first = feed_of(reader, path)
    assert reader.client.get(first).status_code == 200
    reader.post(f"{path}/feed", page=path)
    second = feed_of(reader, path)
    assert first != second
    assert reader.client.get(first).status_code == 404
    assert reader.client.get(second).status_code == 200
    reader.post(f"{path}/feed/off", page=path)
    assert "feed-address" not in reader.client.get(path).text
    assert reader.client.get(second).status_code == 404
    reader.post(f"{path}/feed", page=path)
    assert reader.client.get(second).status_code == 404
    kinds = [event.details for event in session.scalars(select(ConsentEvent).order_by(ConsentEvent.id))]
    assert kinds == [{"feed": "on"}, {"feed": "on"}, {"feed": "off"}, {"feed": "on"}]


def test_a_feed_ends_with_leaving_and_only_taking_that_back_brings_it_back(
    session: Session, reader: Reader, active: Subscription
) -> None:
    feed = own_feed(session, reader, active)
    path = path_of(reader.runtime.links.preferences(subscription_id=active.id))
    left = reader.post(f"{path}/leave", page=path).text
    back = re.search(r'action="(/[^"]*back[^"]*)"', left)
    assert back, left
    assert reader.client.get(feed).status_code == 404
    csrf = field_of(left, "csrf_token")
    assert reader.client.post(back[1], data={"csrf_token": csrf}).status_code == 200
    assert reader.client.get(feed).status_code == 200

    reader.post(f"{path}/leave", page=path)
    reader.sign_up(active.newsletter)
    row = fresh(session)
    reader.post(
        path_of(
            reader.runtime.links.confirm(
                subscription_id=row.id, generation=row.generation, at=datetime.now(UTC)
            )
        )
    )
    assert fresh(session).state is SubscriptionState.ACTIVE
    assert reader.client.get(feed).status_code == 404


def own_feed(session: Session, reader: Reader, owner: Subscription) -> str:
    owner.feed_on, owner.feed_generation = True, 1
    session.commit()
    return path_of(reader.runtime.links.own_feed(subscription_id=owner.id, generation=1))


def test_an_own_feed_has_what_the_digests_had_and_never_the_address(
    session: Session, reader: Reader, owner: Subscription, message: Message, articles: list[Article]
) -> None:
    make_article(session, make_source(session, owner.newsletter), owner.newsletter.topics[0], seq=99)
    path = own_feed(session, reader, owner)
    answer = reader.client.get(path)
    read = feedparser.parse(answer.data)
    assert not read.bozo
    assert {entry.link for entry in read.entries} == {article.url for article in articles}
    assert ANN not in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert reader.client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    articles[0].withdrawn_at = NOW
    session.commit()
    items = reader.client.get(f"{path}/json").json["items"]
    assert {item["url"] for item in items} == {article.url for article in articles[1:]}


def test_an_own_feed_is_new_once_something_in_it_was_withdrawn(
    session: Session, reader: Reader, owner: Subscription, articles: list[Article]
) -> None:
    path = own_feed(session, reader, owner)
    known = {"If-Modified-Since": reader.client.get(path).headers["Last-Modified"]}
    assert reader.client.get(path, headers=known).status_code == 304
    articles[0].withdrawn_at = datetime.now(UTC) + timedelta(minutes=1)
    session.commit()
    answer = reader.client.get(path, headers=known)
    assert answer.status_code == 200
    assert articles[0].url not in answer.text


def test_an_own_feed_shows_only_what_was_sent(
    session: Session, reader: Reader, owner: Subscription, message: Message
) -> None:
    message.state = MessageState.PLANNED
    path = own_feed(session, reader, owner)
    assert feedparser.parse(reader.client.get(path).data).entries == []


def test_an_own_feed_ends_when_its_reader_leaves(
    session: Session, reader: Reader, owner: Subscription
) -> None:
    path = own_feed(session, reader, owner)
    unsubscribe.unsubscribe(
        session, owner.id, circumstances=Circumstances("page"), now=NOW + timedelta(minutes=1)
    )
    session.commit()
    answer = reader.client.get(path)
    assert answer.status_code == 404
    assert "has ended" in answer.text
