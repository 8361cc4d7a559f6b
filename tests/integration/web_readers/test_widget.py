"""The popular list on other sites: what stands in it, what is seen of it, where it leads, what counts."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.digests import curations
from service.digests.models import CurationKind
from service.newsletters.models import Newsletter
from service.popularity import counting
from service.popularity.models import ArticleScore, Signal, SignalBucket, WidgetView
from tests.factories import make_article, make_source
from tests.integration.web_readers.browsing import Reader, path_of

CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"}


def scored(session: Session, article: Article, score: float, observed: int = 60) -> None:
    session.add(
        ArticleScore(
            article_id=article.id,
            score=score,
            sd=0.2,
            observed=observed,
            explanation="",
            computed_at=datetime.now(UTC),
        )
    )


@pytest.fixture
def articles(session: Session, newsletter: Newsletter) -> list[Article]:
    """Six articles of today, the later the less read."""
    source = make_source(session, newsletter)
    now = datetime.now(UTC)
    rows = [
        make_article(
            session,
            source,
            newsletter.topics[n % 2],
            seq=n + 1,
            title=f"Story {n}",
            published_at=now - timedelta(hours=1),
        )
        for n in range(6)
    ]
    for n, row in enumerate(rows):
        scored(session, row, 1 - n / 5)
    session.commit()
    return rows


def listed(reader: Reader, newsletter: Newsletter, **query: Any) -> dict[str, Any]:
    answer = reader.client.get(f"/n/{newsletter.slug}/popular.json", query_string=query, headers=CHROME)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.text)
    return found


def titles(found: dict[str, Any]) -> list[str]:
    return [item["title"] for item in found["items"]]


def test_the_list_is_in_the_order_of_the_score_and_kept_by_its_tag(
    reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    found = listed(reader, newsletter, items=3)
    assert titles(found) == ["Story 0", "Story 1", "Story 2"]
    assert (found["heading"], found["lang"], found["dir"]) == ("Most read", "en", "ltr")
    path = f"/n/{newsletter.slug}/popular.json?items=3"
    answer = reader.client.get(path)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=120" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    again = reader.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_list_of_one_topic_leaves_out_what_editors_exclude_and_what_was_withdrawn(
    session: Session, reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    topic, now = newsletter.topics[0], datetime.now(UTC)
    assert titles(listed(reader, newsletter, topic=topic.slug)) == ["Story 4", "Story 2", "Story 0"], (
        "three articles are too few to call one most read: the newest first"
    )
    articles[0].withdrawn_at = now
    curations.curate(
        session,
        articles[2].id,
        CurationKind.EXCLUDE,
        reason="Corrected",
        expires_at=now + timedelta(days=1),
        actor="operator 1",
        now=now,
    )
    session.commit()
    found = listed(reader, newsletter, topic=topic.slug)
    assert titles(found) == ["Story 4"]
    assert found["heading"] == f"New in {topic.name}"


def test_a_story_stands_once_and_old_or_unknown_questions_get_a_sensible_list(
    session: Session, reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    articles[0].story_id = articles[1].story_id = articles[0].id
    articles[2].published_at = datetime.now(UTC) - timedelta(days=40)
    session.commit()
    for query in ({}, {"topic": "no-such", "items": 99, "period": "year"}, {"items": "many"}):
        found = titles(listed(reader, newsletter, **query))
        assert sorted(found) == ["Story 0", "Story 3", "Story 4", "Story 5"]
    assert len(titles(listed(reader, newsletter, items=-4))) == 1
    assert reader.client.get("/n/nobody/popular.json").status_code == 404


def test_a_click_and_what_was_seen_count_in_their_place(
    session: Session, reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    items = listed(reader, newsletter, items=3)["items"]
    seen = " ".join(item["place"] for item in items[:2])
    for body in (seen, seen, "nonsense", seen + "x" * 5000, ""):
        answer = reader.client.post("/s/seen", data=body, headers=CHROME)
        assert (answer.status_code, answer.data) == (204, b"")
    click = reader.client.get(path_of(items[1]["url"]), headers=CHROME)
    assert (click.status_code, click.location) == (302, articles[1].url)
    assert "Set-Cookie" not in click.headers
    reader.client.head(path_of(items[0]["url"]), headers=CHROME)
    reader.client.get(path_of(items[2]["url"]), headers={"User-Agent": "curl/8"})

    counting.count(session, now=datetime.now(UTC) + counting.HELD)
    session.expire_all()
    rows = session.scalars(select(SignalBucket).order_by(SignalBucket.slot))
    assert [(row.signal, row.article_id, row.slot, row.observed, row.shown) for row in rows] == [
        (Signal.WIDGET_CLICK, articles[0].id, 1, 0, 1),
        (Signal.WIDGET_CLICK, articles[1].id, 2, 1, 1),
    ]


def test_a_preview_leads_to_the_articles_and_names_no_place(
    reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    items = listed(reader, newsletter, preview=1)["items"]
    assert items[0]["url"] == articles[0].url
    assert all("place" not in item for item in items)


def test_a_machine_sees_nothing_that_counts(
    session: Session, reader: Reader, newsletter: Newsletter, articles: list[Article]
) -> None:
    place = listed(reader, newsletter)["items"][0]["place"]
    for agent in ("curl/8", "Mozilla/5.0 (compatible; Googlebot/2.1)"):
        reader.client.post("/s/seen", data=place, headers={"User-Agent": agent})
    counting.count(session, now=datetime.now(UTC) + counting.HELD)
    assert len(session.scalars(select(WidgetView)).all()) == 2
    assert session.scalars(select(SignalBucket)).all() == []


def test_the_script_is_small_and_keeps_nothing(reader: Reader) -> None:
    with reader.client.get("/static/popular.js") as answer:
        script = answer.data
    assert len(gzip.compress(script)) < 6_000
    assert not any(word in script for word in (b"cookie =", b"Storage", b"innerHTML"))
