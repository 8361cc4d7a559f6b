"""What is in it: the reader's own ceiling, topics that never come, and whether anything else may."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
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

    assert '<option value="" selected>As many as there are (up to 10)</option>' in page
    assert 'name="explore" value="y" checked' in page
    assert f'name="excluded" value="{other_topic(one_topic)}"' in page
    assert f'name="excluded" value="{one_topic.topic_ids[0]}"' not in page


def test_saving_sets_the_ceiling_the_exclusion_and_the_surprise(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    form = {"max_items": "5", "excluded": [str(other_topic(one_topic))]}
    answer = reader.post(f"{path}/filters", form, page=path)

    assert answer.status_code == 303
    row = fresh(session)
    assert (row.max_items, row.explore, row.excluded_topic_ids) == (5, False, [other_topic(row)])
    page = reader.client.get(answer.location).text
    assert '<option value="5" selected>At most 5</option>' in page
    assert 'name="explore" value="y" checked' not in page
    assert f'name="excluded" value="{other_topic(row)}" checked' in page
    [event] = session.scalars(select(ConsentEvent))
    assert (event.kind, event.details["after"]["max_items"]) == (ConsentKind.PREFERENCES_CHANGED, 5)
    reader.post(f"{path}/filters", form, page=path)
    assert len(session.scalars(select(ConsentEvent)).all()) == 1, "nothing changed the second time"


def test_going_back_to_what_the_newsletter_does_is_possible(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    one_topic.max_items, one_topic.explore = 5, False
    session.commit()

    assert reader.post(f"{path}/filters", {"max_items": "", "explore": "y"}, page=path).status_code == 303
    assert (fresh(session).max_items, fresh(session).explore) == (None, True)


@pytest.mark.parametrize(
    "wrong", [{"max_items": "99"}, {"max_items": "1"}, {"max_items": "x"}, {"excluded": ["0"]}]
)
def test_what_is_not_offered_is_refused(
    session: Session, reader: Reader, one_topic: Subscription, path: str, wrong: dict[str, object]
) -> None:
    answer = reader.post(f"{path}/filters", {"explore": "y", **wrong}, page=path)

    assert answer.status_code == 422
    assert "One thing needs your attention" in answer.text
    assert (fresh(session).max_items, fresh(session).excluded_topic_ids) == (None, [])


def test_a_chosen_topic_cannot_be_excluded(reader: Reader, one_topic: Subscription, path: str) -> None:
    answer = reader.post(f"{path}/filters", {"excluded": [str(one_topic.topic_ids[0])]}, page=path)

    assert answer.status_code == 422
    assert "You chose Science above." in answer.text


def test_choosing_an_excluded_topic_takes_the_exclusion_back(
    session: Session, reader: Reader, one_topic: Subscription, path: str
) -> None:
    one_topic.excluded_topic_ids = [other_topic(one_topic)]
    session.commit()
    form = {
        "topics": [str(topic.id) for topic in one_topic.newsletter.topics],
        "rhythm": "weekly",
        "weekday": "5",
        "hour": "7",
        "time_zone": "Europe/Berlin",
    }

    assert reader.post(path, form).status_code == 303
    assert fresh(session).excluded_topic_ids == []
