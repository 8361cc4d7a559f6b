"""The form on other sites: the API, the frame, the plain form, and who may read which answer."""

import gzip
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service.delivery.models import Message
from service.newsletters.models import Newsletter
from service.subscribers.models import ConsentEvent, Subscription
from service.subscribers.signup_models import Held, SignupRefusal
from service.web.readers.embed import SCRIPT
from tests.factories import make_article, make_source, make_subscription
from tests.integration.web_readers.browsing import ANN, Reader, fresh

API = "/api/n/courier/subscribe"
SITE = {"Origin": "https://courier.example"}


def post(reader: Reader, newsletter: Newsletter, **values: object) -> TestResponse:
    fields = {"email": ANN, "topics": [str(newsletter.topics[0].id)], "rhythm": "weekly"}
    fields["nonce"] = reader.filled_in(newsletter)["nonce"]
    return reader.client.post(API, data=fields | values, headers=SITE)


def mails(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Message)) or 0


def refused(session: Session) -> dict[Held, int]:
    return dict(session.execute(select(SignupRefusal.held_by, SignupRefusal.count)).all())


def test_the_form_can_be_drawn_from_one_answer(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    science = newsletter.topics[0]
    source = make_source(session, newsletter)
    for day in range(8):
        published = datetime.now(UTC) - timedelta(days=day, hours=1)
        make_article(session, source, science, published_at=published)
    session.commit()
    answer = reader.client.get("/api/n/courier/form?topic=science", headers=SITE)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    offer = answer.get_json()
    assert (offer["lang"], offer["dir"]) == ("en", "ltr")
    topics = {each["slug"]: each for each in offer["topics"]}
    assert topics["science"]["from_article"]
    assert topics["science"]["brings"] == "about 2 a week"
    assert not topics["energy"]["from_article"]
    assert topics["energy"]["brings"] == "nothing new of late"
    assert "By signing up I ask The Courier" in offer["consent"]


def test_signing_up_through_the_api_asks_the_inbox_and_logs_the_page(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = post(
        reader, newsletter, page="https://courier.example/telescope?utm_source=x", time_zone="Asia/Tokyo"
    )
    assert answer.status_code == 202
    assert answer.get_json()["status"] == "sent"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert mails(session) == 1
    assert fresh(session).time_zone == "Asia/Tokyo"
    event = session.scalars(select(ConsentEvent)).one()
    assert (event.channel, event.form_url) == ("embed", "https://courier.example/telescope")
    assert "By signing up" in (event.wording or "")


def test_json_is_taken_like_a_form(session: Session, reader: Reader, newsletter: Newsletter) -> None:
    fields = {
        "email": ANN,
        "topics": [each.id for each in newsletter.topics],
        "nonce": reader.filled_in(newsletter)["nonce"],
        "announcements": False,
    }
    assert reader.client.post(API, json=fields, headers=SITE).status_code == 202
    row = fresh(session)
    assert row.topic_ids == [each.id for each in newsletter.topics]
    assert not row.announcements
    assert session.scalars(select(ConsentEvent.form_url)).one() == "https://courier.example"


def test_an_origin_that_is_no_address_is_left_out(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    assert post(reader, newsletter, page="https://[courier").status_code == 202
    assert session.scalars(select(ConsentEvent.form_url)).one() == "http://localhost:8000" + API


@pytest.mark.parametrize("body", ["[]", "7", '"x"', "{", "null"])
def test_json_that_is_no_form_is_answered_in_json(reader: Reader, newsletter: Newsletter, body: str) -> None:
    answer = reader.client.post(API, data=body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["form"]


@pytest.mark.parametrize("known", ["new", "pending", "active", "unsubscribed"])
def test_the_api_tells_nothing_about_an_address(
    session: Session, reader: Reader, newsletter: Newsletter, known: str
) -> None:
    if known != "new":
        make_subscription(session, newsletter, email=ANN, state=known)
        session.commit()
    answer = post(reader, newsletter)
    stranger = post(reader, newsletter, email="somebody.else@example.org")
    assert (answer.status_code, answer.data) == (stranger.status_code, stranger.data)


def test_a_slip_is_asked_about_once(session: Session, reader: Reader, newsletter: Newsletter) -> None:
    asked = post(reader, newsletter, email="ann@gmial.com")
    assert (asked.status_code, asked.get_json()["suggestion"]) == (422, "ann@gmail.com")
    assert mails(session) == 0
    kept = post(reader, newsletter, email="ann@gmial.com", asked="ann@gmial.com")
    assert kept.status_code == 202
    assert fresh(session).subscriber.email == "ann@gmial.com"


def test_what_is_missing_is_said_by_field(reader: Reader, newsletter: Newsletter) -> None:
    errors = post(reader, newsletter, email="ann", topics=[]).get_json()["errors"]
    assert errors["email"] == "Enter an e-mail address like name@example.org."
    assert "at least one topic" in errors["topics"]
    assert "nvalid" not in str(errors)


def test_the_guard_stands_before_the_api_as_well(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    stale = post(reader, newsletter, nonce="")
    assert stale.status_code == 422
    assert stale.get_json()["nonce"]
    hasty = post(reader, newsletter, nonce=reader.filled_in(newsletter, seconds_ago=0)["nonce"])
    assert hasty.status_code == 422
    machine = post(reader, newsletter, website="https://spam.example")
    assert machine.status_code == 202
    assert mails(session) == 0
    assert refused(session) == {Held.NONCE: 1, Held.HASTE: 1, Held.DECOY: 1}


def test_the_nonce_that_an_old_form_gets_is_good_for_the_next_press(
    session: Session, reader: Reader, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_nonce = post(reader, newsletter, nonce="").get_json()["nonce"]
    monkeypatch.setattr("service.subscribers.guard.QUICKEST_SECONDS", 0)
    assert post(reader, newsletter, nonce=fresh_nonce).status_code == 202


def test_caps_count_page_frame_and_api_together(
    session: Session, reader: Reader, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.subscribers.caps.PER_NETWORK_HOUR", 3)
    reader.sign_up(newsletter, email="one@example.org")
    post(reader, newsletter, email="two@example.org")
    form = reader.filled_in(newsletter) | {"email": "three@example.org"}
    assert "Check your inbox" in reader.client.post("/n/courier/frame", data=form).text
    answer = post(reader, newsletter, email="four@example.org")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert reader.sign_up(newsletter, email="five@example.org").status_code == 429
    assert mails(session) == 3
    assert refused(session) == {Held.NETWORK: 2}


def test_a_flood_for_one_newsletter_waits_and_leaves_others_alone(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    newsletter.signups_per_minute = 2
    session.commit()
    answers = [post(reader, newsletter, email=f"victim{n}@example.org").status_code for n in range(4)]
    assert answers == [202, 202, 429, 429]
    assert mails(session) == 2
    assert refused(session) == {Held.NEWSLETTER: 2}


def test_an_unknown_or_unready_newsletter_answers_in_json(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    unknown = reader.client.get("/api/n/nothing/form")
    assert (unknown.status_code, unknown.get_json()["status"]) == (404, "refused")
    newsletter.sender.postal_address = ""
    session.commit()
    assert reader.client.get("/api/n/courier/form").status_code == 409
    assert post(reader, newsletter).status_code == 409


def test_a_preflight_is_answered_for_the_api_and_for_nothing_else(
    reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.client.options(API)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
    for path in ("/n/courier", "/n/courier/frame", "/", "/console/login"):
        assert "Access-Control-Allow-Origin" not in reader.client.get(path, headers=SITE).headers


def test_only_the_frame_may_be_framed(reader: Reader, newsletter: Newsletter) -> None:
    policies = {
        path: reader.client.get(path).headers["Content-Security-Policy"]
        for path in ("/n/courier/frame", "/n/courier", "/n/courier/sent", "/embed.js")
    }
    assert {path for path, policy in policies.items() if "frame-ancestors *" in policy} == {
        "/n/courier/frame"
    }
    assert all("frame-ancestors 'none'" in policy for path, policy in policies.items() if "frame" not in path)


def test_the_frame_works_without_cookies_and_scripts(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    shown = reader.client.get("/n/courier/frame?topic=energy")
    assert "Set-Cookie" not in shown.headers
    assert "<script" not in shown.text
    assert "(from this article)" in shown.text
    answer = reader.client.post("/n/courier/frame", data=reader.filled_in(newsletter))
    assert "Check your inbox" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert mails(session) == 1


def test_the_frame_says_in_place_what_is_wrong(reader: Reader, newsletter: Newsletter) -> None:
    answer = reader.client.post("/n/courier/frame", data=reader.filled_in(newsletter) | {"email": "ann"})
    assert answer.status_code == 422
    assert "Enter an e-mail address like name@example.org." in answer.text


def test_a_plain_form_on_another_site_leads_to_the_page_and_does_nothing_yet(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.client.post("/n/courier/start", data={"email": '"><b>', "topic": "energy"})
    assert answer.status_code == 200
    assert 'value="&#34;&gt;&lt;b&gt;"' in answer.text
    energy = newsletter.topics[1]
    assert re.search(rf'name="topics" value="{energy.id}" checked', answer.text)
    assert session.scalars(select(Subscription)).all() == []


@pytest.mark.parametrize("name", ["energy", "id"])
def test_the_articles_topic_is_chosen_and_labelled(reader: Reader, newsletter: Newsletter, name: str) -> None:
    energy = newsletter.topics[1]
    page = reader.client.get(f"/n/courier?topic={energy.id if name == 'id' else name}").text
    assert re.findall(r'name="topics" value="(\d+)" checked', page) == [str(energy.id)]
    assert page.count("from this article") == 1


@pytest.mark.parametrize("name", ["", "nothing", "0", "9" * 40, "%00", "<b>"])
def test_a_topic_that_is_none_chooses_nothing(reader: Reader, newsletter: Newsletter, name: str) -> None:
    page = reader.client.get(f"/n/courier?topic={name}")
    assert page.status_code == 200
    assert "from this article" not in page.text


def test_the_forecast_follows_the_choice_and_survives_nonsense(
    reader: Reader, newsletter: Newsletter
) -> None:
    science = newsletter.topics[0].id
    answer = reader.client.get(f"/n/courier/forecast?topics={science}&rhythm=monthly&weekday=1")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "first Monday" in answer.get_json()["sentence"]
    for query in ("topics=x&rhythm=first&weekday=99&enough_items=-5", "", "topics=" + "9" * 30):
        assert "Friday" in reader.client.get(f"/n/courier/forecast?{query}").get_json()["sentence"]


def test_on_the_page_a_slip_is_a_button_away(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.sign_up(newsletter, email="ann@gmial.com")
    assert answer.status_code == 422
    assert '<button class="button second" type="submit" name="instead" value="ann@gmail.com">' in answer.text
    # Enter in a field presses the first submit button: it must not be the one that changes the address.
    first = re.search(r'<button[^>]* type="submit"[^>]*>', answer.text)
    assert first is not None
    assert "instead" not in first[0]
    assert reader.sign_up(newsletter, email="ann@gmial.com", instead="ann@gmail.com").status_code == 303
    assert fresh(session).subscriber.email == "ann@gmail.com"


def test_on_the_page_the_same_address_sent_again_is_meant(
    session: Session, reader: Reader, newsletter: Newsletter
) -> None:
    answer = reader.sign_up(newsletter, email="ann@gmial.com")
    asked = re.search(r'name="asked" value="([^"]*)"', answer.text)
    assert asked is not None
    assert reader.sign_up(newsletter, email="ann@gmial.com", asked=asked[1]).status_code == 303
    assert fresh(session).subscriber.email == "ann@gmial.com"


def test_the_script_is_small_and_may_be_loaded_from_anywhere(reader: Reader) -> None:
    answer = reader.client.get("/embed.js")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    assert len(gzip.compress(SCRIPT.read_bytes())) <= 8 * 1024
    again = reader.client.get("/embed.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
