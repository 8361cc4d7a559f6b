"""Making and editing newsletters, senders and topics."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.errors import Conflict, InvalidInput
from service.newsletters import changes, queries, senders, topics
from service.newsletters.changes import NewsletterDraft
from service.newsletters.models import Newsletter, Sender
from service.newsletters.senders import SenderDraft


@pytest.fixture
def sender(session: Session, now: datetime) -> Sender:
    draft = SenderDraft(name="The Courier", email="news@courier.example", postal_address="1 Quay Street")
    return senders.create(session, draft, actor="test", now=now)


@pytest.fixture
def newsletter(session: Session, sender: Sender, now: datetime) -> Newsletter:
    draft = NewsletterDraft(name="The Harbour Courier", sender_id=sender.id)
    return changes.create(session, draft, actor="test", now=now)


def add(session: Session, newsletter: Newsletter, *names: str, now: datetime) -> None:
    for name in names:
        topics.add(session, newsletter, name=name, actor="test", now=now)


def names(session: Session, newsletter: Newsletter) -> list[str]:
    session.flush()
    session.refresh(newsletter, ["topics"])
    return [topic.name for topic in newsletter.open_topics]


def test_slugs_are_made_from_the_name_and_stay_unique(
    session: Session, newsletter: Newsletter, sender: Sender, now: datetime
) -> None:
    draft = NewsletterDraft(name="The Harbour Courier", sender_id=sender.id)
    again = changes.create(session, draft, actor="test", now=now)
    assert (newsletter.slug, again.slug) == ("the-harbour-courier", "the-harbour-courier-2")
    with pytest.raises(InvalidInput, match="has this address already") as refused:
        changes.create(session, draft, slug="the-harbour-courier", actor="test", now=now)
    assert refused.value.field == "slug"


def test_editing_writes_only_what_changed_into_the_audit_log(
    session: Session, newsletter: Newsletter, sender: Sender, now: datetime
) -> None:
    draft = NewsletterDraft(name=newsletter.name, sender_id=sender.id, tagline="From the quay", min_items=5)
    changes.edit(session, newsletter, draft, actor="operator 7", now=now)
    changes.edit(session, newsletter, draft, actor="operator 7", now=now)
    session.flush()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "newsletter.changed")).one()
    assert (entry.actor, entry.subject) == ("operator 7", f"newsletter {newsletter.id}")
    assert entry.before == {"tagline": "", "min_items": 3}
    assert entry.after == {"tagline": "From the quay", "min_items": 5}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "A\nBcc: x"}, "name"),
        ({"sender_id": 0}, "sender_id"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"locale": "nonsense"}, "locale"),
        ({"home_url": "javascript:alert(1)"}, "home_url"),
        ({"min_items": 8, "max_items": 4}, "max_items"),
        ({"max_items": 15}, "max_items"),
        ({"default_hour": 24}, "default_hour"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(
    session: Session, sender: Sender, now: datetime, values: dict[str, object], field: str
) -> None:
    draft = NewsletterDraft(**{"name": "Courier", "sender_id": sender.id, **values})  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        changes.create(session, draft, actor="test", now=now)
    assert refused.value.field == field


def test_a_closed_newsletter_is_not_offered_and_can_come_back(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    changes.close(session, newsletter, actor="test", now=now)
    session.flush()
    assert queries.find_by_slug(session, newsletter.slug) is None
    assert newsletter in queries.list_all(session)
    changes.reopen(session, newsletter, actor="test", now=now)
    session.flush()
    assert queries.find_by_slug(session, newsletter.slug) is newsletter


def test_sending_waits_for_address_and_topic(
    session: Session, newsletter: Newsletter, sender: Sender, now: datetime
) -> None:
    senders.edit(session, sender, SenderDraft(name=sender.name, email=sender.email), actor="test", now=now)
    assert len(queries.missing_for_sending(newsletter)) == 2
    add(session, newsletter, "Science", now=now)
    draft = SenderDraft(name=sender.name, email=sender.email, postal_address="1 Quay Street")
    senders.edit(session, sender, draft, actor="test", now=now)
    assert queries.missing_for_sending(newsletter) == []


def test_the_audit_log_of_senders_holds_no_address(session: Session, sender: Sender, now: datetime) -> None:
    draft = SenderDraft(name="Courier", email="desk@courier.example", reply_to="ada@courier.example")
    senders.edit(session, sender, draft, actor="test", now=now)
    session.flush()
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "sender.changed")).one()
    assert entry.after == {"name": "Courier", "email": True, "reply_to": True, "postal_address": False}


def test_a_sender_in_use_cannot_be_removed(
    session: Session, newsletter: Newsletter, sender: Sender, now: datetime
) -> None:
    with pytest.raises(Conflict, match="sent under this name"):
        senders.remove(session, sender, actor="test", now=now)
    spare = senders.create(session, SenderDraft("Spare", "spare@courier.example"), actor="test", now=now)
    senders.remove(session, spare, actor="test", now=now)
    session.flush()
    assert queries.list_senders(session) == [sender]


def test_topics_keep_the_order_they_are_put_in(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    add(session, newsletter, "Science", "Climate", "Culture", now=now)
    culture = newsletter.open_topics[2]
    topics.move_up(session, culture, actor="test", now=now)
    assert names(session, newsletter) == ["Science", "Culture", "Climate"]
    topics.move_up(session, culture, actor="test", now=now)
    topics.move_up(session, culture, actor="test", now=now)
    assert names(session, newsletter) == ["Culture", "Science", "Climate"]
    topics.move_down(session, culture, actor="test", now=now)
    assert names(session, newsletter) == ["Science", "Culture", "Climate"]


def test_topic_names_are_unique_and_slugs_never_clash(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    add(session, newsletter, "Science", "Science!", now=now)
    assert [topic.slug for topic in newsletter.topics] == ["science", "science-2"]
    with pytest.raises(InvalidInput, match="of this name already"):
        add(session, newsletter, "SCIENCE", now=now)


def test_an_archived_topic_comes_back_under_its_id(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    add(session, newsletter, "Science", "Climate", now=now)
    science, climate = newsletter.open_topics
    topics.archive(session, science, actor="test", now=now)
    assert names(session, newsletter) == ["Climate"]
    with pytest.raises(InvalidInput, match="Open it again"):
        add(session, newsletter, "science", now=now)
    with pytest.raises(Conflict, match="last topic"):
        topics.archive(session, climate, actor="test", now=now)
    topics.restore(session, science, actor="test", now=now)
    assert names(session, newsletter) == ["Science", "Climate"]
