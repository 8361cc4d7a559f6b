"""Before sending: pages that show a reader's next digest, a dry run, and an edition that waits."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery.models import Mailing, MailingState
from service.digests import planning
from service.digests.models import Edition
from service.operators.models import Role
from service.subscribers.models import Subscription
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def reader(sessions: Sessions) -> Subscription:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = make_newsletter(session, topics=("Science", "Law"), min_items=2, review_minutes=30)
        source = make_source(session, newsletter)
        for seq in range(1, 5):
            make_article(
                session, source, newsletter.topics[0], seq=seq, published_at=now - timedelta(hours=seq)
            )
        return make_subscription(
            session, newsletter, topic_ids=[newsletter.topics[0].id], next_due_at=now - timedelta(minutes=1)
        )


def test_a_readers_next_digest_is_shown_with_its_reasons(
    visitor: Visitor, sessions: Sessions, reader: Subscription
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/next/?reader={reader.subscriber.email}").text
    assert "You follow Science" in page
    frame = visitor.open(f"/console/next/{reader.id}/mail")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "Headline number" in frame.text


@pytest.mark.parametrize("asked", ["nobody@example.org", "no address", "99999999"])
def test_a_reader_who_is_not_there_is_a_sentence_beside_the_field(
    visitor: Visitor, sessions: Sessions, asked: str
) -> None:
    visitor.be(sessions, Role.VIEWER)
    answer = visitor.client.get("/console/next/", query_string={"reader": asked})
    assert answer.status_code == 422
    assert "reader-problem" in answer.text


def test_a_dry_run_is_shown_and_changes_nothing(
    visitor: Visitor, sessions: Sessions, reader: Subscription
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/next/edition?rhythm=weekly").text
    assert "4 articles" in page
    assert "Law: nothing" in page
    with sessions() as session:
        assert session.scalars(select(Edition)).all() == []


def test_an_edition_that_waits_is_approved_on_its_page(
    visitor: Visitor, runtime: Runtime, sessions: Sessions, reader: Subscription
) -> None:
    planning.plan_due(sessions, links=runtime.links, now=datetime.now(UTC))
    with sessions() as session:
        edition = session.scalars(select(Edition)).one()
    visitor.be(sessions, Role.SENDER)
    assert "waits for your review" in visitor.open("/console/").text
    page = visitor.open(f"/console/editions/{edition.id}")
    assert "Approve and send" in page.text
    visitor.send(f"/console/editions/{edition.id}/approve")
    with sessions() as session:
        assert session.get_one(Mailing, edition.mailing_id).state is MailingState.SENDING
