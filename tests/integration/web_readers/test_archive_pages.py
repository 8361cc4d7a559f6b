"""The archive as visitors and their programs see it."""

import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from xml.etree.ElementTree import fromstring

import feedparser
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.archive.models import PublicEdition
from service.articles.models import Article
from service.blasts.models import Blast, BlastState
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Mailing, Message, MessageState
from service.digests import editions
from service.newsletters.models import Newsletter, Rhythm
from service.popularity.models import ArticleScore
from tests.factories import make_article, make_newsletter, make_source

HOSTILE = "<script>alert(1)</script> & “more”"
FIRST_FRIDAY = date(2026, 1, 2)


@pytest.fixture
def articles(session: Session, newsletter: Newsletter) -> list[Article]:
    source = make_source(session, newsletter)
    titles = (HOSTILE, "Harbour opens early", "Tides explained", "Bread prices fall")
    rows = [
        make_article(
            session, source, newsletter.topics[n % 2], seq=n + 1, title=title, summary=f"<b>{title}</b>"
        )
        for n, title in enumerate(titles)
    ]
    session.commit()
    return rows


def make_edition(
    session: Session, newsletter: Newsletter, articles: list[Article], *, week: int = 0
) -> PublicEdition:
    day = FIRST_FRIDAY + timedelta(weeks=week)
    at = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    items = [{"article_id": each.id, "topic_id": newsletter.topics[0].id} for each in articles]
    row = PublicEdition(
        newsletter_id=newsletter.id,
        rhythm=Rhythm.WEEKLY,
        period=f"2026-W{week + 1:02}",
        day=day,
        slot_at=at,
        published_at=at,
        cutoff_seq=9,
        article_ids=[each.id for each in articles],
        content={"sections": [{"key": "new", "items": items}]},
    )
    session.add(row)
    session.commit()
    return row


def make_sent_blast(session: Session, newsletter: Newsletter, **values: object) -> Blast:
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    row = Blast(
        **{
            "newsletter_id": newsletter.id,
            "subject": f"We move house {HOSTILE}",
            "body_markdown": "**Come** along. <script>alert(2)</script>",
            "topic_ids": [],
            "state": BlastState.SENT,
            "created_by": 1,
            "created_at": at,
            "started_at": at,
            **values,
        }
    )
    session.add(row)
    session.commit()
    return row


def score(session: Session, article: Article, value: float) -> None:
    article.published_at = datetime.now(UTC) - timedelta(days=1)
    session.add(
        ArticleScore(
            article_id=article.id,
            score=value,
            sd=0.1,
            observed=90,
            explanation="",
            computed_at=article.published_at,
        )
    )
    session.commit()


def test_an_edition_shows_its_articles_as_text_with_links_to_their_own_pages(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    answer = client.get("/n/courier/e/2026-W01")
    assert answer.status_code == 200
    for article in articles:
        assert f'href="{article.url}"' in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;b&gt;Harbour" in answer.text
    assert '<link rel="canonical" href="http://localhost:8000/n/courier/e/2026-W01">' in answer.text
    assert 'property="og:title" content="&lt;script&gt;' in answer.text
    assert "Friday 2 January 2026" in answer.text


def test_a_withdrawn_article_vanishes_from_every_page_and_feed(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    gone = articles[1]
    score(session, gone, 1.0)
    paths = (
        "/n/courier/archive",
        "/n/courier/e/2026-W01",
        f"/n/courier/t/{newsletter.topics[1].slug}",
        "/n/courier/popular",
        "/n/courier/feed.atom",
        "/n/courier/feed.json",
        f"/n/courier/t/{newsletter.topics[1].slug}/feed.atom",
        "/n/courier/popular/feed.json",
    )
    tags = {}
    for path in paths:
        answer = client.get(path)
        assert gone.title in answer.text, path
        tags[path] = answer.headers["ETag"]
    gone.withdrawn_at = datetime.now(UTC)
    session.commit()
    for path in paths:
        answer = client.get(path, headers={"If-None-Match": tags[path]})
        assert answer.status_code == 200, path
        assert gone.title not in answer.text, path


def test_an_edition_that_was_withdrawn_as_a_whole_says_so(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    for article in articles:
        article.withdrawn_at = datetime.now(UTC)
    session.commit()
    for path in ("/n/courier/archive", "/n/courier/e/2026-W01", "/n/courier/feed.atom"):
        assert client.get(path).status_code == 200
    assert "has been withdrawn" in client.get("/n/courier/e/2026-W01").text


def test_the_latest_edition_has_an_address_that_stays(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    assert client.get("/n/courier/latest").location == "/n/courier/archive"
    for week in (0, 3, 1):
        make_edition(session, newsletter, articles, week=week)
    answer = client.get("/n/courier/latest")
    assert (answer.status_code, answer.location) == (302, "/n/courier/e/2026-W04")
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_list_leads_through_every_edition_and_announcement_once(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    for week in range(45):
        make_edition(session, newsletter, articles, week=week)
    blast = make_sent_blast(session, newsletter)
    seen: list[str] = []
    path = "/n/courier/archive"
    for _ in range(5):
        page = client.get(path).text
        seen += dict.fromkeys(re.findall(r'href="/n/courier/([eb]/[^"]+)"', page))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
    weeks = [f"e/2026-W{week:02}" for week in range(45, 0, -1)]
    assert seen == [*weeks[:-1], f"b/{blast.id}", weeks[-1]]


def test_a_place_in_the_list_that_is_none_is_its_beginning(
    client: FlaskClient, newsletter: Newsletter
) -> None:
    for before in ("x", "1-2-3", "20260101T000000.000000-1-99999999999999999999", "--", "%00"):
        assert client.get(f"/n/courier/archive?before={before}").status_code == 200, before


def test_an_announcement_is_shown_unless_it_is_kept_out(
    session: Session, client: FlaskClient, newsletter: Newsletter
) -> None:
    shown = make_sent_blast(session, newsletter)
    hidden = [
        make_sent_blast(session, newsletter, in_archive=False),
        make_sent_blast(session, newsletter, state=BlastState.DRAFT, started_at=None),
        make_sent_blast(session, newsletter, state=BlastState.SENDING),
        make_sent_blast(session, newsletter, state=BlastState.CANCELLED),
        make_sent_blast(session, make_newsletter(session)),
    ]
    answer = client.get(f"/n/courier/b/{shown.id}")
    assert "<strong>Come</strong>" in answer.text
    assert "<script>alert" not in answer.text
    listed = client.get("/n/courier/archive").text
    for blast in hidden:
        assert client.get(f"/n/courier/b/{blast.id}").status_code == 404
        assert f'/b/{blast.id}"' not in listed


def test_a_topic_shows_what_is_new_and_what_is_read_most(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    score(session, articles[2], 1.0)
    topic, other = newsletter.topics
    page = client.get(f"/n/courier/t/{topic.slug}").text
    assert [title for title in ("Harbour opens", "Tides") if title in page] == ["Tides"]
    assert page.count("Tides explained") >= 2
    assert f'href="/n/courier?topic={topic.slug}"' in page
    assert "Tides" not in client.get(f"/n/courier/t/{other.slug}").text


def test_a_topic_is_turned_page_by_page(
    session: Session, client: FlaskClient, newsletter: Newsletter
) -> None:
    source, topic = make_source(session, newsletter), newsletter.topics[0]
    for n in range(25):
        make_article(session, source, topic, seq=n + 1, title=f"Story {n:02}.")
    session.commit()
    first = client.get(f"/n/courier/t/{topic.slug}").text
    assert [n for n in range(25) if f"Story {n:02}." in first] == list(range(5, 25))
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = client.get(following[1]).text
    assert [n for n in range(25) if f"Story {n:02}." in second] == list(range(5))


def test_the_most_read_are_ranked_and_explained(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    score(session, articles[3], 0.3)
    score(session, articles[1], 1.1)
    page = client.get("/n/courier/popular").text
    assert page.index("Harbour opens early") < page.index("Bread prices fall")
    assert "Read 3 times as often as an average article" in page
    assert "How this is counted" in page


def test_only_pictures_of_the_newsletters_own_site_are_shown(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    newsletter.home_url = "https://www.courier.example"
    articles[0].image_url = "https://img.courier.example/1.jpg"
    articles[1].image_url = "https://tracker.example/2.jpg"
    articles[2].image_url = "https://courier.example.evil.example/3.jpg"
    make_edition(session, newsletter, articles)
    page = client.get("/n/courier/e/2026-W01").text
    assert set(re.findall(r'<img src="([^"]+)"', page)) == {"https://img.courier.example/1.jpg"}


def test_an_edition_has_a_picture_for_other_sites(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    page = client.get("/n/courier/e/2026-W01").text
    found = re.search(r'property="og:image" content="http://localhost:8000([^"]+)"', page)
    assert found
    answer = client.get(found[1])
    assert answer.content_type == "image/png"
    with Image.open(BytesIO(answer.data)) as drawn:
        assert drawn.size == (1200, 630)
    assert client.get(found[1], headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_words_that_we_have_no_letters_for_are_not_drawn(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    newsletter.home_url = "https://courier.example"
    articles[0].title = "港の新聞"
    articles[0].image_url = "https://courier.example/1.jpg"
    make_edition(session, newsletter, articles)
    page = client.get("/n/courier/e/2026-W01").text
    assert 'property="og:image" content="https://courier.example/1.jpg"' in page
    assert client.get("/n/courier/e/2026-W01/card.png").status_code == 404


def test_a_private_archive_has_no_pages(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    blast = make_sent_blast(session, newsletter)
    newsletter.archive_public = False
    session.commit()
    topic = newsletter.topics[0].slug
    for path in ("archive", "latest", "e/2026-W01", f"b/{blast.id}", f"t/{topic}", "popular"):
        assert client.get(f"/n/courier/{path}").status_code == 404, path
    for path in ("feed.atom", "feed.json", f"t/{topic}/feed.atom", "popular/feed.json"):
        assert client.get(f"/n/courier/{path}").status_code == 404, path
    assert "/archive" not in client.get("/n/courier/sitemap.xml").text


def test_what_is_no_edition_is_a_friendly_404(client: FlaskClient, newsletter: Newsletter) -> None:
    for period in ("2026-W99", "x", "2026-W01%00", "..%2F", "%F0%9F%90%9F" * 9):
        assert client.get(f"/n/courier/e/{period}").status_code == 404, period


def test_who_has_a_page_already_is_told_so(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    for path in ("archive", "e/2026-W01", "popular", "feed.atom", "feed.json"):
        first = client.get(f"/n/courier/{path}")
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert "Set-Cookie" not in first.headers
        again = client.get(f"/n/courier/{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        # It would bring nonces that the kept page does not have.
        assert "Content-Security-Policy" not in again.headers


def test_a_feed_that_has_not_changed_since_is_not_sent_again(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    since = client.get("/n/courier/feed.atom").headers["Last-Modified"]
    asked = {"If-Modified-Since": since}
    assert client.get("/n/courier/feed.atom", headers=asked).status_code == 304
    articles[0].changed_at = articles[0].withdrawn_at = datetime.now(UTC)
    session.commit()
    assert client.get("/n/courier/feed.atom", headers=asked).status_code == 200


def test_feeds_are_read_by_a_feed_reader(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    answer = client.get("/n/courier/feed.atom")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    read = feedparser.parse(answer.data)
    assert not read.bozo
    [entry] = read.entries
    assert entry.link == "http://localhost:8000/n/courier/e/2026-W01"
    assert "<script" not in entry.content[0].value
    topic = newsletter.topics[0]
    read = feedparser.parse(client.get(f"/n/courier/t/{topic.slug}/feed.atom").data)
    assert [entry.link for entry in read.entries] == [articles[2].url, articles[0].url]
    feed = client.get("/n/courier/feed.json").json
    assert feed["items"][0]["id"] == entry.id
    page = client.get("/n/courier/archive").text
    for kind in ("atom+xml", "feed+json"):
        assert f'<link rel="alternate" type="application/{kind}"' in page


def test_search_engines_find_the_archive_and_not_the_console(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    make_edition(session, newsletter, articles)
    blast = make_sent_blast(session, newsletter)
    assert "Disallow: /console/" in client.get("/robots.txt").text
    index = fromstring(client.get("/sitemap.xml").data)
    assert [loc.text for loc in index.findall(".//{*}loc")] == ["http://localhost:8000/n/courier/sitemap.xml"]
    urls = [loc.text for loc in fromstring(client.get("/n/courier/sitemap.xml").data).findall(".//{*}loc")]
    base = "http://localhost:8000/n/courier"
    assert {base, f"{base}/archive", f"{base}/e/2026-W01", f"{base}/b/{blast.id}"} <= set(urls)
    for url in urls:
        assert client.get(url.removeprefix("http://localhost:8000")).status_code == 200, url


def test_the_front_page_shows_each_newsletter_with_its_latest_headline(
    session: Session, client: FlaskClient, newsletter: Newsletter, articles: list[Article]
) -> None:
    assert client.get("/").location == "/n/courier"
    make_newsletter(session, slug="evening", name="The Evening Post", archive_public=False)
    make_edition(session, newsletter, articles[1:])
    page = client.get("/")
    assert page.text.index("The Harbour Courier") < page.text.index("The Evening Post")
    assert 'href="/n/courier/e/2026-W01"><bdi>Harbour opens early' in page.text
    assert "/n/evening/archive" not in page.text
    assert page.headers["Vary"] == "Accept-Language"


def stop(session: Session, newsletter: Newsletter, *, reached: MessageState | None) -> None:
    """Stop the mails of the first weekly edition, after one reader had theirs in that state."""
    now = datetime.now(UTC)
    edition = editions.open_edition(session, newsletter, rhythm=Rhythm.WEEKLY, period="2026-W01", now=now)
    mailing = session.get_one(Mailing, edition.mailing_id)
    message = NewMessage(dedupe_key="one", kind="digest", due_at=now)
    ledger.put(session, mailing, [message], now=now)
    if reached is not None:
        session.execute(update(Message).where(Message.mailing_id == mailing.id).values(state=reached))
    mailings.stop(session, mailing.id, now=now)
    session.commit()


@pytest.mark.parametrize("reached", [None, MessageState.FAILED])
def test_an_edition_that_was_stopped_before_anybody_had_it_is_gone(
    session: Session,
    client: FlaskClient,
    newsletter: Newsletter,
    articles: list[Article],
    reached: MessageState | None,
) -> None:
    for week in range(3):
        make_edition(session, newsletter, articles, week=week)
    since = client.get("/n/courier/feed.atom").headers["Last-Modified"]
    stop(session, newsletter, reached=reached)
    assert client.get("/n/courier/e/2026-W01").status_code == 404
    assert client.get("/n/courier/e/2026-W01/card.png").status_code == 404
    for path in ("archive", "feed.atom", "feed.json", "sitemap.xml", "e/2026-W02"):
        text = client.get(f"/n/courier/{path}").text
        assert "2026-W01" not in text, path
        assert "2026-W03" in text, path
    again = client.get("/n/courier/feed.atom", headers={"If-Modified-Since": since})
    assert again.status_code == 200


@pytest.mark.parametrize("reached", [MessageState.SENT, MessageState.UNKNOWN])
def test_an_edition_that_some_have_stays_though_the_rest_was_stopped(
    session: Session,
    client: FlaskClient,
    newsletter: Newsletter,
    articles: list[Article],
    reached: MessageState,
) -> None:
    make_edition(session, newsletter, articles)
    stop(session, newsletter, reached=reached)
    assert client.get("/n/courier/e/2026-W01").status_code == 200
    assert "2026-W01" in client.get("/n/courier/sitemap.xml").text
