"""The beacon: whoever asks gets the same empty answer, and no cookie."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from service.db import Sessions, transaction
from service.popularity.models import Signal, SiteEvent
from tests.factories import make_article, make_newsletter, make_source

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.mark.parametrize(("what", "signal"), [("view", Signal.PAGE_VIEW), ("share", Signal.SHARE)])
def test_a_page_of_the_site_reports_itself(
    client: FlaskClient, sessions: Sessions, what: str, signal: Signal
) -> None:
    with transaction(sessions) as session:
        source = make_source(session, make_newsletter(session))
        article = make_article(session, source, canonical_url="https://courier.example/harbour")
    for body in ("https://courier.example/harbour#top", "https://elsewhere.example/", "\x00", "x" * 5000):
        answer = client.post(f"/s/{what}", data=body, headers=BROWSER)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Set-Cookie" not in answer.headers
    with sessions() as session:
        [event] = session.scalars(select(SiteEvent))
        assert (event.article_id, event.signal) == (article.id, signal)


def test_a_look_changes_nothing_and_other_words_are_not_known(client: FlaskClient) -> None:
    assert client.options("/s/view").status_code == 204
    assert client.get("/s/view").status_code == 405
    assert client.post("/s/click", data="x").status_code == 404


def test_the_script_is_small_and_keeps_nothing(client: FlaskClient) -> None:
    with client.get("/static/beacon.js") as answer:
        script = answer.data
    assert len(script) < 1500
    assert b"cookie =" not in script
    assert b"localStorage" not in script
