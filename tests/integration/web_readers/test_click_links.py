"""The links to articles: where they lead, where they never lead, and what they count."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.blasts import clicks as blast_clicks
from service.blasts.models import BlastLink
from service.digests.content import NO_MAILING
from service.newsletters.models import Newsletter
from service.popularity import counting
from service.popularity.models import Click, SignalBucket, Trapped
from tests.factories import make_article, make_source
from tests.integration.web_readers.browsing import Reader, path_of


@pytest.fixture
def article(session: Session, newsletter: Newsletter) -> Article:
    row = make_article(session, make_source(session, newsletter), newsletter.topics[0])
    session.commit()
    return row


def test_a_click_leads_to_the_article_and_counts_it(
    session: Session, reader: Reader, article: Article
) -> None:
    path = path_of(reader.runtime.links.click(article_id=article.id, mailing_id=3, slot=2))
    head = reader.client.head(path, headers={"User-Agent": "Mozilla/5.0 Firefox/140"})
    assert (head.status_code, head.location) == (302, article.url)
    answer = reader.client.get(path, headers={"User-Agent": "Mozilla/5.0 Chrome/140"})
    assert (answer.status_code, answer.location) == (302, article.url)
    assert answer.headers["Cache-Control"] == "no-store"
    counting.count(session, now=datetime.now(UTC) + counting.HELD)
    session.expire_all()
    bucket = session.scalars(select(SignalBucket)).one()
    assert (bucket.article_id, bucket.slot, bucket.observed) == (article.id, 2, 1)
    click = session.scalars(select(Click).order_by(Click.id.desc())).first()
    assert click is not None
    assert (click.mailing_id, click.slot) == (3, 2)


def test_a_link_of_a_preview_leads_to_the_article_and_counts_nothing(
    session: Session, reader: Reader, article: Article
) -> None:
    path = path_of(reader.runtime.links.click(article_id=article.id, mailing_id=NO_MAILING, slot=1))
    answer = reader.client.get(path, headers={"User-Agent": "Mozilla/5.0 Chrome/140"})
    assert (answer.status_code, answer.location) == (302, article.url)
    session.expire_all()
    assert session.scalars(select(Click)).all() == []
    assert session.scalars(select(SignalBucket)).all() == []


def test_a_link_of_a_blast_leads_where_it_was_written_and_counts_people_under_the_subject(
    session: Session, reader: Reader
) -> None:
    session.add(BlastLink(mailing_id=7, number=1, url="https://courier.example/programme"))
    session.commit()
    links = reader.runtime.links
    path = path_of(links.blast_click(mailing_id=7, number=1, variant=1))
    for agent in ("Mozilla/5.0 Firefox/140", "Mozilla/5.0 Firefox/140", "Barracuda scanner"):
        answer = reader.client.get(path + "?to=https://evil.example", headers={"User-Agent": agent})
        assert (answer.status_code, answer.location) == (302, "https://courier.example/programme")
        assert answer.headers["Cache-Control"] == "no-store"
    assert blast_clicks.people(session, 7) == {0: 0, 1: 1}
    unknown = path_of(links.blast_click(mailing_id=7, number=2, variant=0))
    assert reader.client.get(unknown).status_code == 404


def test_a_click_takes_no_destination_from_the_address(reader: Reader, article: Article) -> None:
    path = path_of(reader.runtime.links.click(article_id=article.id, mailing_id=3, slot=2))
    for query in ("?url=https://evil.example", "?next=//evil.example", "?to=javascript:alert(1)"):
        assert reader.client.get(path + query).location == article.url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example/x",
        "https:evil",
        "\\\\evil.example",
        "data:text/html,x",
        "ftp://x/y",
        "https://courier.example/\r\nSet-Cookie: a=b",
        "http://",
        "",
    ],
)
def test_a_click_never_leads_to_what_is_no_web_address(
    session: Session, reader: Reader, article: Article, url: str
) -> None:
    article.url = url
    session.commit()
    answer = reader.client.get(
        path_of(reader.runtime.links.click(article_id=article.id, mailing_id=3, slot=2))
    )
    assert answer.status_code == 404
    assert answer.location is None


def test_a_withdrawn_or_unknown_article_is_a_friendly_404(
    session: Session, reader: Reader, article: Article
) -> None:
    article.withdrawn_at = datetime.now(UTC)
    session.commit()
    for article_id in (article.id, 999_999):
        path = path_of(reader.runtime.links.click(article_id=article_id, mailing_id=3, slot=2))
        answer = reader.client.get(path)
        assert answer.status_code == 404
        assert "not available any more" in answer.text
    assert session.scalars(select(Click)).all() == []


def test_the_hidden_link_remembers_who_followed_it_and_leads_to_a_page(
    session: Session, reader: Reader
) -> None:
    path = path_of(reader.runtime.links.trap(mailing_id=3))
    for _ in range(2):
        answer = reader.client.get(path, headers={"User-Agent": "Mozilla/5.0 Chrome/140"})
        assert (answer.status_code, answer.location) == (302, "/")
    assert [row.mailing_id for row in session.scalars(select(Trapped))] == [3]
    assert reader.client.get("/h/forged").status_code == 404
