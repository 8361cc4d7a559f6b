from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery.models import Message
from service.dispatch import TaskName
from service.newsletters.models import Newsletter
from service.subscribers import wording
from service.subscribers.models import ConsentEvent, Subscription
from service.subscribers.signup_models import SignupAttempt
from service.tokens import Purpose
from service.web.readers import signing_up
from tests.conftest import RecordingDispatcher
from tests.factories import make_newsletter, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, fresh


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_front_page_leads_to_the_only_newsletter(reader: Reader, newsletter: Newsletter) -> None:
    assert reader.client.get("/").location == "/n/courier"


def test_the_front_page_lists_several(session: Session, reader: Reader, newsletter: Newsletter) -> None:
    make_newsletter(session, slug="gazette", name="The Gazette")
    session.commit()
    page = reader.client.get("/").text
    assert "/n/courier" in page
    assert "/n/gazette" in page


def test_an_empty_house_leads_to_its_set_up(reader: Reader) -> None:
    assert reader.client.get("/").location == "/setup"


def test_signing_up_writes_one_confirmation_and_wakes_its_sender(
    session: Session, reader: Reader, newsletter: Newsletter, dispatcher: RecordingDispatcher
) -> None:
    answer = reader.sign_up(newsletter)
    assert (answer.status_code, answer.location) == (303, "/n/courier/sent")
    assert "Check your inbox" in reader.client.get(answer.location).text
    row = fresh(session)
    assert row.subscriber.email == ANN
    assert (row.weekday, row.hour, row.time_zone) == (5, 7, "Europe/Berlin")
    assert session.scalars(select(Message.kind)).all() == ["confirm"]
    assert dispatcher.woken == [TaskName.DELIVER_TRANSACTIONAL]


def test_the_words_on_the_page_are_the_words_in_the_log(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    page = reader.client.get("/n/courier").text
    assert wording.sign_up(newsletter) in page
    assert wording.announcements(newsletter) in page
    assert 'name="announcements" value="y" >' in page

    reader.sign_up(newsletter, announcements="y")
    event = session.scalars(select(ConsentEvent)).one()
    assert event.wording == wording.consented(newsletter, with_announcements=True)
    assert event.form_url == "http://localhost:8000/n/courier"
    assert fresh(session).announcements


@pytest.mark.parametrize("known", ["new", "pending", "active", "unsubscribed"])
def test_the_answer_is_the_same_whether_or_not_the_address_is_known(
    session: Session, reader: Reader, newsletter: Newsletter, known: str
) -> None:
    if known != "new":
        make_subscription(session, newsletter, email=ANN, state=known)
        session.commit()
    answer = reader.sign_up(newsletter)
    stranger = reader.sign_up(newsletter, email="somebody.else@example.org")
    assert (answer.status_code, answer.location, answer.data) == (
        stranger.status_code,
        stranger.location,
        stranger.data,
    )
    assert {name for name, _ in answer.headers} == {name for name, _ in stranger.headers}


def test_twenty_posts_for_one_victim_make_one_mail(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answers = {reader.sign_up(newsletter).data for _ in range(20)}
    assert len(answers) == 1
    assert count(session, Message) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": ""}, "Enter your e-mail address"),
        ({"email": "ann"}, "Enter an e-mail address like name@example.org."),
        ({"email": "a" * 3_000 + "@example.org"}, "too long"),
        ({"email": "ann@example.org\r\nBcc: bo@example.org"}, "Enter an e-mail address like"),
        ({"email": "ann\x00@example.org"}, "Enter an e-mail address like"),
        ({"email": "=?utf-8?q?x=0Ay?=@example.org\nTo: x"}, "Enter an e-mail address like"),
        ({"topics": []}, "Choose at least one topic"),
        ({"topics": ["999999999999999999999999"]}, "no longer offered"),
        ({"topics": ["robert'); drop table"]}, "topic"),
        ({"rhythm": "hourly"}, "Choose how often"),
        ({"rhythm": "first"}, "Choose how often"),
        ({"weekday": "9"}, "Choose a day"),
        ({"weekday": "x"}, "Choose a day"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_its_field_and_nothing_is_lost(
    session: Session, reader: Reader, newsletter: Newsletter, wrong: dict[str, object], sentence: str
) -> None:
    form = {
        name: value for name, value in (reader.filled_in(newsletter) | wrong).items() if value is not None
    }
    answer = reader.post("/n/courier", form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert count(session, Subscription) == 0
    # The other fields keep what was typed.
    if "email" not in wrong:
        assert f'value="{ANN}"' in answer.text
    if "topics" not in wrong:
        assert f'value="{newsletter.topics[0].id}" checked' in answer.text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "UTC\x00", "", "x" * 5_000])
def test_a_zone_that_no_clock_has_gives_way_to_the_newsletters(
    session: Session, reader: Reader, newsletter: Newsletter, zone: str
) -> None:
    newsletter.time_zone = "Europe/Kyiv"
    session.commit()
    assert reader.sign_up(newsletter, time_zone=zone).status_code == 303
    assert fresh(session).time_zone == "Europe/Kyiv"


def test_a_topic_of_another_newsletter_is_unknown_here(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    other = make_newsletter(session)
    session.commit()
    answer = reader.sign_up(newsletter, topics=[str(other.topics[0].id)])
    assert answer.status_code == 422
    assert "no longer offered" in answer.text


def test_script_in_an_address_comes_back_as_text(reader: Reader, newsletter: Newsletter) -> None:
    answer = reader.sign_up(newsletter, email='"><script>alert(1)</script>')
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_machines_that_fill_in_the_hidden_field_get_the_same_answer_and_no_mail(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.sign_up(newsletter, website="http://spam.example")
    assert (answer.status_code, answer.location) == (303, "/n/courier/sent")
    assert count(session, SignupAttempt) == 0


def test_a_form_that_was_sent_at_once_asks_for_a_second_press(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.post("/n/courier", reader.filled_in(newsletter, seconds_ago=0))
    assert answer.status_code == 422
    assert "once more" in answer.text
    assert f'value="{ANN}"' in answer.text
    assert count(session, Subscription) == 0


@pytest.mark.parametrize("forged", ["", "nonsense", "e30.x.y"])
def test_a_form_without_its_own_signature_asks_for_a_second_press(
    session: Session, reader: Reader, newsletter: Newsletter, forged: str
) -> None:
    answer = reader.sign_up(newsletter, nonce=forged)
    assert answer.status_code == 422
    assert "once more" in answer.text
    assert count(session, Subscription) == 0


def test_another_newsletters_form_does_not_count(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    moment, tokens = int(minute_ago.timestamp()), reader.runtime.tokens
    token = tokens.make(Purpose.FORM, [newsletter.id + 1, moment], at=minute_ago)
    assert reader.sign_up(newsletter, nonce=token).status_code == 422
    token = tokens.make(Purpose.FORM, [newsletter.id], at=minute_ago)
    assert reader.sign_up(newsletter, nonce=token).status_code == 422


def test_a_post_without_its_form_is_refused(session: Session, reader: Reader, newsletter: Newsletter) -> None:
    answer = reader.client.post("/n/courier", data=reader.filled_in(newsletter))
    assert answer.status_code == 400
    assert count(session, Subscription) == 0


def test_too_many_from_one_network_are_asked_to_wait_and_keep_their_input(
    session: Session, reader: Reader, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.subscribers.caps.PER_NETWORK_HOUR", 2)
    answers = [reader.sign_up(newsletter, email=f"reader{n}@example.org") for n in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert answers[2].headers["Retry-After"] == "3600"
    assert "too many sign-ups" in answers[2].text
    assert 'value="reader2@example.org"' in answers[2].text


def test_a_newsletter_that_may_not_send_takes_nobody_yet(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    newsletter.sender.postal_address = ""
    session.commit()
    page = reader.client.get("/n/courier").text
    assert "Opening soon" in page
    assert "<form" not in page


def test_an_unknown_newsletter_is_a_friendly_404(reader: Reader) -> None:
    answer = reader.client.get("/n/nothing")
    assert answer.status_code == 404
    assert "no such newsletter" in answer.text


def test_a_huge_form_is_refused_politely(reader: Reader, newsletter: Newsletter) -> None:
    answer = reader.client.post("/n/courier", data={"email": "x" * 100_000})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_pages_allow_no_inline_script_and_wear_the_newsletters_colour(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    newsletter.accent = "#ffee88"
    session.commit()
    answer = reader.client.get("/n/courier")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'<style nonce="{nonce}">' in answer.text
    # Too pale for text on white: darkened until it can be read.
    assert "--accent: light-dark(#ffee88" not in answer.text
    assert "--accent: light-dark(#" in answer.text
    assert 'style="' not in answer.text


@pytest.mark.parametrize("path", ["/n/%00", "/n/courier%00", "/n/courier%00/sent"])
def test_a_name_that_no_database_takes_leads_nowhere(
    reader: Reader, newsletter: Newsletter, path: str
) -> None:
    assert reader.client.get(path).status_code == 404


def test_when_sign_ups_stand_still_the_rest_of_the_house_goes_on(
    session: Session, reader: Reader, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = BoundedSemaphore(1)
    monkeypatch.setattr(signing_up, "_AT_ONCE", stuck)
    monkeypatch.setattr(signing_up, "_PATIENCE_SECONDS", 0.05)
    with stuck:
        answer = reader.sign_up(newsletter)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
        assert "Please try again in a few minutes" in answer.text
    monkeypatch.setattr(signing_up, "_ROOM", BoundedSemaphore(1))
    with signing_up._ROOM:
        assert reader.sign_up(newsletter).status_code == 429, "nobody waits where many wait already"
    assert reader.sign_up(newsletter).status_code == 303
    assert reader.sign_up(newsletter).status_code == 303, "a turn that is over is somebody else's"
    assert count(session, Subscription) == 1
