"""What is in it and how it looks: ceiling, what never comes, whether anything else may, form, language."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
from tests.factories import make_source
from tests.integration.web_readers.browsing import Reader, fresh, path_of


@pytest.fixture
def path(reader: Reader, active: Subscription) -> str:
    return path_of(reader.runtime.links.preferences(subscription_id=active.id))


@pytest.fixture
def one_topic(session: Session, active: Subscription) -> Subscription:
    active.topic_ids = active.topic_ids[:1]
    session.commit()
    return active


def other_topic(reader: Subscription) -> int:
    return next(topic.id for topic in reader.newsletter.topics if topic.id not in reader.topic_ids)


def test_the_page_shows_what_holds_now(reader: Reader, one_topic: Subscription, path: str) -> None:
    page = reader.client.get(path).text

    assert '<option value="" selected>As many as there are, up to 10</option>' in page
    assert 'name="explore" value="y" checked' in page
    box = '<label class="pick"{}><input type="checkbox" name="excluded" value="{}"'
    assert box.format("", other_topic(one_topic)) in page
    assert box.format(" hidden", one_topic.topic_ids[0]) in page


def test_a_part_is_saved_without_the_others(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    answer = reader.post(path, {"part": "amount", "max_items": "5", "topics": [], "hour": "23"})

    assert answer.status_code == 303
    row = fresh(session)
    assert (row.max_items, row.explore, len(row.topic_ids), row.hour) == (5, False, 1, 7)
    page = reader.client.get(answer.location).text
    assert '<option value="5" selected>At most 5</option>' in page
    [event] = session.scalars(select(ConsentEvent))
    assert (event.kind, event.details["after"]["max_items"]) == (ConsentKind.PREFERENCES_CHANGED, 5)
    again = reader.post(path, {"part": "amount", "max_items": "5"})
    assert "Nothing was changed." in reader.client.get(again.location).text
    assert len(session.scalars(select(ConsentEvent)).all()) == 1


def test_topics_and_sources_can_be_left_out(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    source = make_source(session, one_topic.newsletter, name="Wire")
    make_source(session, one_topic.newsletter, name="Desk")
    session.commit()
    other = other_topic(one_topic)
    form: dict[str, object] = {"part": "less", "excluded": [str(other)]}

    reader.post(path, form)
    answer = reader.post(path, {**form, "sources": [str(source.id)]})

    row = fresh(session)
    assert (row.excluded_topic_ids, row.excluded_source_ids) == ([other], [source.id])
    page = reader.client.get(answer.location).text
    assert f'name="excluded" value="{other}" checked' in page
    assert f'name="sources" value="{source.id}" checked' in page
    assert "Nothing comes from Wire any more." in page


def test_going_back_to_what_the_newsletter_does_is_possible(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    one_topic.max_items, one_topic.explore = 5, False
    session.commit()

    assert reader.post(path, {"part": "amount", "max_items": "", "explore": "y"}).status_code == 303
    assert (fresh(session).max_items, fresh(session).explore) == (None, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"part": "amount", "max_items": "99"},
        {"part": "amount", "max_items": "1"},
        {"part": "amount", "max_items": "x"},
        {"part": "less", "excluded": ["0"]},
        {"part": "less", "sources": ["x"]},
        {"part": "format", "locale": "tlh"},
        {"part": "nothing"},
    ],
)
def test_what_is_not_offered_is_refused(
    session: Session, reader: Reader, one_topic: Subscription, path: str, wrong: dict[str, object]
) -> None:
    answer = reader.post(path, wrong)

    assert answer.status_code == 422
    assert "One thing needs your attention" in answer.text
    assert session.scalars(select(ConsentEvent)).all() == []


def test_what_is_refused_is_refused_whole(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    form = {"rhythm": "daily", "weekday": "1", "hour": "9", "time_zone": "UTC", "max_items": "99"}

    assert reader.post(path, form).status_code == 422
    assert fresh(session).rhythm.value == "weekly", "the half that was right is not saved either"


def test_a_chosen_topic_cannot_be_excluded(reader: Reader, one_topic: Subscription, path: str) -> None:
    answer = reader.post(path, {"part": "less", "excluded": [str(one_topic.topic_ids[0])]})

    assert answer.status_code == 422
    assert "You chose Science above." in answer.text


def test_choosing_an_excluded_topic_takes_the_exclusion_back(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    one_topic.excluded_topic_ids = [other_topic(one_topic)]
    session.commit()
    form = {"part": "topics", "topics": [str(topic.id) for topic in one_topic.newsletter.topics]}

    assert reader.post(path, form).status_code == 303
    assert fresh(session).excluded_topic_ids == []


def test_language_and_form_are_the_readers_own(session: Session, reader: Reader, path: str) -> None:
    answer = reader.post(path, {"part": "format", "locale": "ar", "format": "text"})

    row = fresh(session)
    assert (row.locale, row.plain_text) == ("ar", True)
    page = reader.client.get(answer.location).text
    assert '<html lang="ar" dir="rtl">' in page
    assert 'name="format" value="text" checked' in page
