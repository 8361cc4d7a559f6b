"""The popular list at the console: what is chosen is what is shown and copied."""

from html import unescape

from service.db import Sessions, transaction
from service.operators.models import Role
from tests.factories import make_newsletter
from tests.integration.web_admin.browsing import Visitor


def test_the_snippet_and_the_preview_follow_the_choice(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        make_newsletter(session, slug="courier", name="The <b>Courier</b>")
        make_newsletter(session, slug="tide")
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/popular-list/").text
    snippet = unescape(page.split('id="snippet">')[1].split("</pre>")[0])
    assert 'data-newsletter="courier" data-items="5"></script>' in snippet
    assert "&lt;b&gt;" in snippet, "a name is text in the page it is pasted into"
    assert "min-height:31.76em" in snippet

    query = "newsletter=tide&topic=energy&items=3&period=day"
    page = visitor.open(f"/console/popular-list/?{query}").text
    snippet = unescape(page.split('id="snippet">')[1].split("</pre>")[0])
    for attribute in ('newsletter="tide"', 'topic="energy"', 'items="3"', 'period="day"', 'sign-up="no"'):
        assert f"data-{attribute}" in snippet
        assert f" {attribute}" in page.split("<broadsheet-popular preview")[1].split(">")[0]
    assert "min-height:18.50em" in snippet


def test_nonsense_and_an_empty_house_get_a_page(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert "No newsletter yet" in visitor.open("/console/popular-list/").text
    with transaction(sessions) as session:
        make_newsletter(session)
    for query in ("newsletter=x&topic=y&items=-1&period=z", "items=many", "items=999"):
        assert visitor.open(f"/console/popular-list/?{query}").status_code == 200
