"""Editions: what was planned, for whom, and each digest as its readers got it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import accounting
from service.digests import planning
from service.digests.models import Edition
from service.newsletters.models import Rhythm
from service.operators.models import Role
from service.recipes.models import Recipe
from service.reports.models import ClickTally
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def edition(runtime: Runtime, sessions: Sessions) -> Edition:
    """A daily edition: two readers get the same digest, one another, and one has too little to read."""
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = make_newsletter(session, topics=("Science", "Energy", "Travel"), min_items=2)
        science, energy, travel = newsletter.topics
        source = make_source(session, newsletter)
        for seq, topic in enumerate((science, science, energy, energy), start=1):
            make_article(session, source, topic, seq=seq, published_at=now - timedelta(hours=seq))
        session.execute(text("SELECT setval('eligible_seq', 4)"))
        for topic in (science, science, energy, travel):
            make_subscription(session, newsletter, topic_ids=[topic.id], rhythm=Rhythm.DAILY, next_due_at=now)
    planning.plan_due(sessions, links=runtime.links, now=now)
    with sessions() as session:
        return session.scalars(select(Edition)).one()


def test_an_edition_shows_its_account_its_digests_and_its_runs(
    visitor: Visitor, sessions: Sessions, edition: Edition
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/editions/{edition.id}").text
    assert re.findall(r"<b>(\d)</b> readers?</a>", page) == ["2", "1"]
    assert "2 different digests" in page
    assert "too few new articles in their topics" in page
    with sessions() as session:
        account = accounting.accounts(session, [edition.mailing_id])[edition.mailing_id]
    assert (account.eligible, account.skipped) == (4, {"too_few": 1})
    listed = visitor.open("/console/editions/").text
    assert f'href="/console/editions/{edition.id}"' in listed
    assert "too few new articles" in listed


def test_a_digest_is_shown_in_a_frame_that_can_do_nothing(
    visitor: Visitor, sessions: Sessions, edition: Edition
) -> None:
    visitor.be(sessions, Role.VIEWER)
    with sessions() as session:
        recipe = session.scalars(select(Recipe).order_by(Recipe.id)).first()
    assert recipe is not None
    path = f"/console/editions/{edition.id}/recipes/{recipe.id}"
    page = visitor.open(f"{path}?look=phone").text
    assert 'sandbox=""' in page
    assert 'width="375"' in page
    mail = visitor.open(f"{path}/mail")
    policy = mail.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "script" not in policy
    assert "Headline number" in mail.text
    # The reader's own links act on nobody here.
    assert "/u/" not in mail.text
    assert "/p/" not in mail.text


def test_the_report_marks_the_links_of_the_mail_in_which_most_was_followed(
    visitor: Visitor, sessions: Sessions, edition: Edition
) -> None:
    with transaction(sessions) as session:
        last = session.scalars(select(Recipe).order_by(Recipe.id.desc())).first()
        assert last is not None
        place = {"mailing_id": edition.mailing_id, "article_id": last.article_ids[1], "slot": 2, "variant": 0}
        day = datetime.now(UTC).date()
        session.add(ClickTally(**place, day=day, people=1234, repeats=0, machines=0))
    visitor.be(sessions, Role.VIEWER)
    report = f"/console/reports/{edition.mailing_id}"
    assert f'src="{report}/map?recipe={last.id}"' in visitor.open(report).text
    mail = visitor.open(f"{report}/map")
    assert mail.headers["Content-Security-Policy"].startswith("sandbox;")
    assert mail.text.count("1,234 people") == 1
    assert mail.text.count("0 people") >= 1


def test_the_readers_of_one_digest_are_a_list(visitor: Visitor, sessions: Sessions, edition: Edition) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/editions/{edition.id}").text
    lists = re.findall(r'<a href="(/console/queue/messages/[^"]+recipe=\d+)"><b>(\d)</b>', page)
    assert len(lists) == 2
    for url, n in lists:
        rows = re.findall(
            r'<td><a href="/console/queue/messages/', visitor.open(url.replace("&amp;", "&")).text
        )
        assert len(rows) == int(n)


def test_a_recipe_of_another_edition_is_not_shown(
    visitor: Visitor, sessions: Sessions, edition: Edition
) -> None:
    visitor.be(sessions, Role.VIEWER)
    assert visitor.open(f"/console/editions/{edition.id}/recipes/999999").status_code == 404
    assert visitor.open("/console/editions/999999/recipes/1/mail").status_code == 404
