"""A reader may ask to be recognised: off unless both want it, shown to nobody else, taken back for good."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.newsletters.models import Newsletter
from service.popularity.models import Click, Verdict
from service.subscribers import recognition, unsubscribe
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentEvent, Subscription
from tests.factories import make_article, make_source, make_subscription
from tests.integration.web_readers.browsing import Reader, path_of

FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36"}


@pytest.fixture
def subscription(session: Session, newsletter: Newsletter) -> Subscription:
    newsletter.recognises = True
    row = make_subscription(session, newsletter, topic_ids=[newsletter.topics[1].id])
    session.commit()
    return row


@pytest.fixture
def article(session: Session, newsletter: Newsletter) -> Article:
    row = make_article(session, make_source(session, newsletter), newsletter.topics[0])
    session.commit()
    return row


def page_of(reader: Reader, subscription: Subscription) -> str:
    return path_of(reader.runtime.links.preferences(subscription_id=subscription.id)) + "/recognition"


def follow(reader: Reader, article: Article, headers: dict[str, str]) -> None:
    path = path_of(reader.runtime.links.click(article_id=article.id, mailing_id=3, slot=1))
    assert reader.client.get(path, headers=headers).status_code == 302


def clicks(session: Session) -> list[tuple[bool, Verdict]]:
    session.expire_all()
    return [
        (row.reader is not None, row.verdict) for row in session.scalars(select(Click).order_by(Click.id))
    ]


def test_nobody_is_recognised_unless_newsletter_and_reader_want_it(
    session: Session, reader: Reader, newsletter: Newsletter, subscription: Subscription, article: Article
) -> None:
    path = page_of(reader, subscription)
    assert "broadsheet-reader" not in str(reader.client.get(path).headers)
    follow(reader, article, FIREFOX)
    form = {"recognise": "yes", "csrf_token": reader.token_on(path)}
    newsletter.recognises = False
    session.commit()
    assert reader.client.get(path).status_code == 404
    assert reader.client.post(path, data=form).status_code == 404
    assert clicks(session) == [(False, Verdict.HUMAN)]


def test_a_recognised_reader_counts_once_on_whatever_device_and_sees_what_was_read(
    session: Session, reader: Reader, newsletter: Newsletter, subscription: Subscription, article: Article
) -> None:
    path = page_of(reader, subscription)
    reader.post(path, {"recognise": "yes"})
    follow(reader, article, FIREFOX)
    follow(reader, article, CHROME)
    assert clicks(session) == [(True, Verdict.HUMAN), (True, Verdict.REPEAT)]
    page = reader.client.get(path).text
    assert f"{newsletter.topics[0].name}: 1 article" in page
    assert "topics that you did not choose" in page
    reader.client.delete_cookie(f"broadsheet-reader-{newsletter.id}")
    stranger = reader.client.get(path).text
    assert "not in this browser" in stranger
    assert "1 article" not in stranger, "a forwarded mail shows nobody what its reader reads"
    [event] = session.scalars(select(ConsentEvent))
    assert event.details == {"recognised": True}
    assert event.wording == recognition.wording(newsletter)


def test_taking_it_back_leaves_clicks_that_lead_to_nobody(
    session: Session, reader: Reader, newsletter: Newsletter, subscription: Subscription, article: Article
) -> None:
    path = page_of(reader, subscription)
    reader.post(path, {"recognise": "yes"})
    follow(reader, article, FIREFOX)
    cookie = reader.client.get_cookie(f"broadsheet-reader-{newsletter.id}")
    assert cookie is not None
    reader.post(path, {"recognise": "no"})
    assert reader.client.get_cookie(f"broadsheet-reader-{newsletter.id}") is None
    session.expire_all()
    assert subscription.recognition_key is None
    # An old cookie from another browser, also after a new beginning.
    reader.post(path, {"recognise": "yes"})
    reader.client.set_cookie(cookie.key, cookie.value)
    follow(reader, article, CHROME)
    assert clicks(session)[-1] == (False, Verdict.HUMAN)


def test_leaving_forgets_the_key(session: Session, reader: Reader, subscription: Subscription) -> None:
    reader.post(page_of(reader, subscription), {"recognise": "yes"})
    unsubscribe.unsubscribe(
        session, subscription.id, circumstances=Circumstances("page"), now=datetime.now(UTC)
    )
    session.commit()
    session.expire_all()
    assert subscription.recognition_key is None
    assert reader.client.get(page_of(reader, subscription)).status_code == 404
