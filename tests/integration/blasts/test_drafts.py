"""Writing, looking at and trying out a blast."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import drafts, readiness, sending, testing
from service.blasts.blocks import Block, Kind
from service.blasts.emails import sample_links
from service.blasts.models import Blast
from service.blasts.preview import preview
from service.delivery.models import Message, Stream
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters.models import Newsletter
from service.recipes import composing
from service.recipes.models import Recipe
from tests.factories import LINKS, make_newsletter, make_operator, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = "## Open house\n\nCome to [the quay](https://courier.example/quay) & bring *friends*."


def make_blast(session: Session, newsletter: Newsletter, **values: object) -> Blast:
    facts = {"subject": "Open house", "body_markdown": BODY, "topic_ids": [], "operator_id": 1, "now": NOW}
    return drafts.create(session, newsletter, **(facts | values))


def edit(session: Session, blast: Blast, **values: object) -> Blast:
    facts = {"subject": blast.subject, "body_markdown": blast.body_markdown, "topic_ids": blast.topic_ids}
    return drafts.edit(session, blast.id, **(facts | values), actor="operator 2", now=NOW)


def entries(session: Session) -> list[AuditEntry]:
    session.flush()
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_an_edit_is_kept_with_what_was_before(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session))

    edit(session, blast, subject="Open day")
    edit(session, blast)

    created, changed = entries(session)
    assert (created.action, created.actor) == ("blast.created", "operator 1")
    assert (changed.action, changed.actor) == ("blast.changed", "operator 2")
    assert (changed.before or {})["subject"] == "Open house"
    assert (changed.after or {})["subject"] == "Open day"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"subject": "x" * 151}, "subject"),
        ({"body_markdown": "x" * 50_001}, "body_markdown"),
        ({"blocks": [Block(Kind.TEXT, text="x" * 17_000)] * 3}, "body_markdown"),
        ({"topic_ids": [10**9]}, "topic_ids"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(
    values: dict[str, object], field: str, session: Session
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make_blast(session, make_newsletter(session), **values)

    assert refusal.value.field == field


def test_topics_of_another_newsletter_are_refused(session: Session) -> None:
    other = make_newsletter(session)

    with pytest.raises(InvalidInput, match="does not belong"):
        make_blast(session, make_newsletter(session), topic_ids=[other.topics[0].id])


def test_a_subject_cannot_bring_a_header_with_it(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session), subject="Hello\r\nBcc: all@example.org\x00")

    assert blast.subject == "Hello Bcc: all@example.org"


def test_a_draft_can_be_thrown_away_and_a_started_blast_cannot(session: Session) -> None:
    newsletter = make_newsletter(session)
    make_subscription(session, newsletter, announcements=True)
    draft, begun = make_blast(session, newsletter), make_blast(session, newsletter)
    sending.start(session, begun.id, confirmed_count=1, links=LINKS, actor="operator 1", now=NOW)

    drafts.delete(session, draft.id, actor="operator 1", now=NOW)

    with pytest.raises(NotFound):
        drafts.locked(session, draft.id)
    with pytest.raises(Conflict, match="only a draft"):
        drafts.delete(session, begun.id, actor="operator 1", now=NOW)
    with pytest.raises(Conflict, match="only a draft"):
        edit(session, begun, subject="Something else")


def test_the_preview_reads_like_the_mail_and_acts_on_nobody(session: Session) -> None:
    newsletter = make_newsletter(session)

    content = preview(session, make_blast(session, newsletter), links=LINKS)

    assert content.subject == "Open house"
    assert '<a href="https://courier.example/quay"' in content.html
    assert "https://courier.example/quay" in content.text
    assert LINKS.newsletter(newsletter.slug) in content.html
    for part in (content.html, content.text):
        assert "/u/" not in part
        assert "1 Quay Street" in part


def test_an_empty_draft_can_be_previewed(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session), subject="", body_markdown="")

    content = preview(session, blast, links=LINKS)

    assert content.subject == "(no subject yet)"


def test_a_test_goes_to_the_operator_once_however_often_the_form_is_sent(session: Session) -> None:
    blast, operator = make_blast(session, make_newsletter(session)), make_operator(session)

    sent = [
        testing.send_test(session, blast.id, operator=operator, nonce="abc", links=LINKS, now=NOW)
        for _ in range(3)
    ]

    assert sent == [True, False, False]
    [message] = session.scalars(select(Message))
    assert (message.kind, message.stream, message.operator_id) == (
        "blast_test",
        Stream.TRANSACTIONAL,
        operator.id,
    )
    assert message.subscriber_id is None
    assert testing.send_test(session, blast.id, operator=operator, nonce="def", links=LINKS, now=NOW)


def test_a_test_is_what_was_written_when_it_was_asked_for(session: Session) -> None:
    newsletter = make_newsletter(session)
    blast = make_blast(session, newsletter)
    testing.send_test(session, blast.id, operator=make_operator(session), nonce="abc", links=LINKS, now=NOW)
    edit(session, blast, subject="Another", body_markdown="Something else")

    [message] = session.scalars(select(Message))
    recipe = session.get_one(Recipe, message.recipe_id)
    content = composing.compose(
        session, recipe, composing.reader_values(sample_links(newsletter, links=LINKS))
    )

    assert content.subject == "[Test] Open house"
    assert "bring" in content.text


def test_a_blast_that_gmail_would_cut_off_is_not_sent(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session), body_markdown="- Щука\n" * 5_000)

    with pytest.raises(Conflict, match="too long"):
        readiness.check(session, blast, links=LINKS)

    assert readiness.missing(session, edit(session, blast, body_markdown="Щука " * 1_000), links=LINKS) == []


def test_a_test_needs_what_every_mail_needs(session: Session) -> None:
    newsletter = make_newsletter(session)
    newsletter.sender.postal_address = ""

    with pytest.raises(Conflict, match="postal address"):
        testing.send_test(
            session,
            make_blast(session, newsletter).id,
            operator=make_operator(session),
            nonce="abc",
            links=LINKS,
            now=NOW,
        )
