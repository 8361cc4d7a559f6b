"""Pictures are looked at before a mail shows them; what is none is left out."""

from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import ingest, looking
from service.articles.fetching import Fetcher
from service.articles.models import Article
from service.articles.parsing import parse
from service.db import Sessions
from tests.factories import make_newsletter, make_source
from tests.feed_server import FeedServer, page, redirect, status


def picture(width: int, height: int, kind: str = "JPEG") -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "#8a1c1c").save(written, kind)
    return written.getvalue()


@pytest.fixture
def fetcher(server: FeedServer) -> Fetcher:
    return Fetcher({server.host}, deadline=1)


def take_in(session: Session, url: str, *, now: datetime, said: str = "") -> Article:
    """Read a feed with one story and its picture."""
    rss = (
        "<rss xmlns:media='http://search.yahoo.com/mrss/'><channel><title>Courier</title>"
        "<item><title>One</title><link>https://courier.example/one</link><guid>one</guid>"
        f"<media:content medium='image' url='{url}' {said}/></item></channel></rss>"
    ).encode()
    source = session.scalars(select(ingest.Source)).first()
    source = source or make_source(session, make_newsletter(session))
    feed = parse(rss, base_url="https://courier.example/", content_type="application/rss+xml")
    ingest.store(session, source, feed, now=now)
    session.commit()
    return found(session)


def found(session: Session) -> Article:
    session.expire_all()
    return session.scalars(select(Article)).one()


def test_a_picture_is_shown_once_it_was_looked_at_and_with_its_own_size(
    session: Session, sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers |= {
        "/1.jpg": redirect("/2.jpg"),
        "/2.jpg": page(picture(900, 600), Content_Type="image/jpeg"),
    }
    said = "width='10' height='10'"
    article = take_in(session, server.url("/1.jpg"), now=now, said="width='1600' height='90'")
    assert article.picture_url is None

    assert looking.look_at_due(sessions, fetcher, now=now) == 1
    article = found(session)
    assert article.picture_url == server.url("/1.jpg")
    assert (article.image_width, article.image_height) == (900, 600)
    assert session.scalars(select(Article.id).where(Article.has_picture)).all() == [article.id]
    # Neither looked at again, nor overwritten by what the feed says of it.
    take_in(session, server.url("/1.jpg"), now=now, said=said)
    assert looking.look_at_due(sessions, fetcher, now=now + timedelta(hours=1)) == 0
    assert found(session).image_width == 900


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (status(404), "There is nothing at the address"),
        (page(b"<html>Please log in</html>", Content_Type="text/html; charset=utf-8"), "(text/html)"),
        (page(picture(30, 30)), "30 by 30 pixels: an icon"),
        (page(picture(6100, 2)), "more than 6000 pixels"),
    ],
)
def test_a_broken_picture_is_left_out_and_says_why(
    session: Session,
    sessions: Sessions,
    server: FeedServer,
    fetcher: Fetcher,
    now: datetime,
    answer: object,
    sentence: str,
) -> None:
    server.answers["/1.jpg"] = answer  # type: ignore[assignment]  # of the table above
    take_in(session, server.url("/1.jpg"), now=now)
    looking.look_at_due(sessions, fetcher, now=now)
    article = found(session)
    assert sentence in article.picture_problem
    assert (article.picture_url, article.picture_due_at) == (None, None)
    assert session.scalars(select(Article.id).where(Article.has_picture)).all() == []


def test_a_heavy_picture_is_told_by_its_length_and_not_read_to_its_end(
    session: Session, sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "900000000")
        handler.end_headers()
        handler.wfile.write(picture(900, 600))
        for _ in range(5000):
            sent.append(handler.wfile.write(b"\x00" * 100_000))

    server.answers["/1.jpg"] = endless
    take_in(session, server.url("/1.jpg"), now=now)
    looking.look_at_due(sessions, fetcher, now=now)
    assert "weighs 900.0 MB" in found(session).picture_problem
    # What lay in the buffers of the two sockets.
    assert sum(sent) < 40_000_000


def test_a_server_that_fails_is_asked_again_and_then_no_more(
    session: Session, sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/1.jpg"] = status(503)
    take_in(session, server.url("/1.jpg"), now=now)
    moments = [now, now + timedelta(minutes=2), now + timedelta(minutes=13)]
    for moment in moments:
        assert found(session).picture_problem == ""
        assert looking.look_at_due(sessions, fetcher, now=moment) == 1
    assert "answered 503" in found(session).picture_problem
    assert looking.look_at_due(sessions, fetcher, now=now + timedelta(days=1)) == 0


def test_a_server_that_lets_nobody_look_leaves_the_picture_as_its_feed_says(
    session: Session, sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/1.jpg"] = status(403)
    take_in(session, server.url("/1.jpg"), now=now, said="width='800' height='500'")
    looking.look_at_due(sessions, fetcher, now=now)
    article = found(session)
    assert (article.picture_url, article.image_width) == (server.url("/1.jpg"), 800)


def test_nobody_is_sent_into_the_house_for_a_picture(
    session: Session, sessions: Sessions, server: FeedServer, now: datetime
) -> None:
    server.answers["/1.jpg"] = page(picture(900, 600))
    take_in(session, server.url("/1.jpg"), now=now)
    looking.look_at_due(sessions, Fetcher(deadline=1), now=now)
    assert server.asked == []
    assert found(session).picture_problem


def test_another_picture_is_looked_at_anew(
    session: Session, sessions: Sessions, server: FeedServer, fetcher: Fetcher, now: datetime
) -> None:
    server.answers["/2.png"] = page(picture(700, 350, "PNG"))
    take_in(session, server.url("/1.jpg"), now=now)
    looking.look_at_due(sessions, fetcher, now=now)
    assert found(session).picture_problem
    take_in(session, server.url("/2.png"), now=now)
    assert looking.look_at_due(sessions, fetcher, now=now) == 1
    article = found(session)
    assert (article.picture_url, article.image_width) == (server.url("/2.png"), 700)
