from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.newsletters.models import Newsletter, Rhythm, Topic
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription, SubscriptionState
from service.web.readers.moments import local
from tests.factories import make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, field_of, fresh, path_of


@pytest.fixture
def path(reader: Reader, active: Subscription) -> str:
    return path_of(reader.runtime.links.preferences(subscription_id=active.id))


def settings(row: Subscription, **values: object) -> dict[str, object]:
    return {
        "topics": [str(topic) for topic in row.topic_ids],
        "rhythm": "weekly",
        "weekday": "5",
        "hour": "7",
        "time_zone": "Europe/Berlin",
        **values,
    }


def test_the_page_shows_what_is_chosen_and_hides_the_address(reader: Reader, path: str) -> None:
    page = reader.client.get(path).text
    assert ANN not in page
    assert "a…n@example.org" in page
    assert "A mail every Friday at 07:00, from Science and Energy." in page


def test_saving_changes_everything_and_states_the_result(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    one = active.topic_ids[:1]
    form = settings(active, topics=[str(one[0])], rhythm="monthly", weekday="1", hour="18", announcements="y")
    answer = reader.post(path, form)
    assert answer.status_code == 303
    page = reader.client.get(answer.location).text
    assert "Saved." in page
    assert "A mail on the first Monday of every month at 18:00, from Science." in page
    row = fresh(session)
    assert (row.topic_ids, row.rhythm, row.weekday, row.hour) == (one, Rhythm.MONTHLY, 1, 18)
    assert row.announcements
    on, changed, *_format = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id))
    assert (on.kind, changed.kind) == (ConsentKind.ANNOUNCEMENTS_ON, ConsentKind.PREFERENCES_CHANGED)
    assert on.wording == "Also send me the occasional announcement from The Harbour Courier."
    assert changed.form_url == "http://localhost:8000/p/<token>"


@pytest.mark.parametrize(
    ("rhythm", "words", "phrase"),
    [
        ("weekdays", "A mail on weekdays at 07:00, from Science and Energy.", "Next mail: "),
        ("fortnightly", "A mail every second Friday at 07:00, from", "Next mail: Friday "),
        ("enough", "A mail as soon as 6 good articles wait, from Science", "We look next on "),
    ],
)
def test_every_rhythm_can_be_chosen_and_says_what_comes_next(
    session: Session, reader: Reader, active: Subscription, path: str, rhythm: str, words: str, phrase: str
) -> None:
    assert f'name="rhythm" value="{rhythm}"' in reader.client.get(path).text
    answer = reader.post(path, settings(active, rhythm=rhythm, enough_items="6"))
    page = reader.client.get(answer.location).text
    assert words in page
    due = fresh(session).next_due_at
    assert due is not None
    assert phrase in page
    assert local(due, fresh(session)) in page


def test_nobody_can_wait_for_more_articles_than_a_mail_holds(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    answer = reader.post(path, settings(active, rhythm="enough", enough_items="11"))
    assert answer.status_code == 422
    assert "Choose how many articles are enough for a mail." in answer.text
    assert fresh(session).rhythm is Rhythm.WEEKLY


def test_choosing_no_topic_means_all_of_them(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    answer = reader.post(path, settings(active, topics=[]))
    assert answer.status_code == 303
    assert fresh(session).topic_ids == []
    assert "A mail every Friday at 07:00, from all topics." in reader.client.get(answer.location).text


def test_what_was_typed_stays_when_something_else_is_refused(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    answer = reader.post(path, settings(active, rhythm="daily", hour="21", time_zone="Nowhere"))
    assert answer.status_code == 422
    assert "Choose a time zone from the list" in answer.text
    assert 'value="daily" checked' in answer.text
    assert 'value="21" selected' in answer.text
    assert fresh(session).rhythm is Rhythm.WEEKLY


@pytest.mark.parametrize(
    "wrong",
    [
        {"hour": "24"},
        {"hour": "x"},
        {"weekday": "0"},
        {"time_zone": "Nowhere"},
        {"rhythm": "x"},
        {"topics": ["0"]},
    ],
)
def test_forged_settings_are_refused(
    session: Session, reader: Reader, active: Subscription, path: str, wrong: dict[str, object]
) -> None:
    assert reader.post(path, settings(active, **wrong)).status_code == 422
    assert session.scalars(select(ConsentEvent)).all() == []


def test_a_pause_is_made_shown_and_ended(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    until = datetime.now(UTC).date() + timedelta(days=30)
    answer = reader.post(f"{path}/pause", {"until": until.isoformat()}, page=path)
    page = reader.client.get(answer.location).text
    assert "Your mail is paused" in page
    assert str(until.year) in page
    assert fresh(session).paused_until == until
    reader.post(f"{path}/resume", page=path)
    assert fresh(session).paused_until is None


@pytest.mark.parametrize("until", ["", "yesterday", "2020-01-01", "9999-12-31", "2026-13-45", "\x00"])
def test_a_pause_without_a_sensible_day_is_explained(
    session: Session, reader: Reader, path: str, until: str
) -> None:
    answer = reader.post(f"{path}/pause", {"until": until}, page=path)
    assert answer.status_code == 422
    assert 'id="until-complaint"' in answer.text
    assert fresh(session).paused_until is None


def test_leaving_from_the_page_works_and_the_page_then_says_so(
    session: Session, reader: Reader, path: str
) -> None:
    assert "You have left" in reader.post(f"{path}/leave", page=path).text
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED
    answer = reader.client.get(path)
    assert answer.status_code == 409
    assert "Sign up again" in answer.text


@pytest.mark.parametrize("action", ["", "/undo", "/about", "/pause", "/resume", "/leave", "/manage"])
def test_nothing_is_changed_without_the_pages_own_form(
    session: Session, reader: Reader, active: Subscription, path: str, action: str
) -> None:
    assert reader.client.post(path + action, data=settings(active)).status_code == 400
    assert session.scalars(select(ConsentEvent)).all() == []


def test_a_form_kept_open_past_leaving_changes_nothing(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    token = reader.token_on(path)
    reader.post(f"{path}/leave", page=path)
    for action, form in (("", settings(active)), ("/pause", {"until": "2027-01-01"}), ("/resume", {})):
        answer = reader.client.post(path + action, data={**form, "csrf_token": token})
        assert answer.status_code == 409, action
    assert fresh(session).state is SubscriptionState.UNSUBSCRIBED


def test_before_confirming_there_is_nothing_to_set(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    row = make_subscription(session, newsletter, state=SubscriptionState.PENDING)
    session.commit()
    answer = reader.client.get(path_of(reader.runtime.links.preferences(subscription_id=row.id)))
    assert answer.status_code == 409
    assert "Please confirm first" in answer.text


def test_a_deleted_subscription_is_a_friendly_404(reader: Reader, newsletter: Newsletter) -> None:
    answer = reader.client.get(path_of(reader.runtime.links.preferences(subscription_id=999_999)))
    assert answer.status_code == 404
    assert "does not exist any more" in answer.text


def archive_all(session: Session, active: Subscription) -> None:
    """End every topic that the reader chose; another one is offered."""
    for topic in active.newsletter.topics:
        topic.archived_at = datetime.now(UTC)
    active.newsletter.topics.append(Topic(slug="law", name="Law", position=9))
    session.commit()


@pytest.mark.parametrize("part", ["when", "format", "topics", "all"])
def test_topics_that_are_gone_never_turn_into_all_topics(
    session: Session, reader: Reader, active: Subscription, path: str, part: str
) -> None:
    chosen = list(active.topic_ids)
    archive_all(session, active)
    page = reader.client.get(path).text
    assert "Nothing comes: the topics that you chose are no longer offered." in page

    reader.post(path, settings(active, part=part, topics=[], hour="18", locale="en", format="html"))
    assert fresh(session).topic_ids == chosen


def test_who_lost_all_topics_may_choose_another_or_take_all(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    chosen = list(active.topic_ids)
    archive_all(session, active)
    answer = reader.post(path, {"part": "any-topic"})
    assert fresh(session).topic_ids == []
    page = reader.client.get(answer.location).text
    assert "from all topics" in page

    reader.post(f"{path}/undo", {"undo": field_of(page, "undo")}, page=path)
    assert fresh(session).topic_ids == chosen

    law = active.newsletter.topics[-1].id
    reader.post(path, settings(active, part="topics", topics=[str(law)]))
    assert fresh(session).topic_ids == [law]
