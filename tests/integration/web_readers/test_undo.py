"""Taking changes back: with a form, with a script, and never more than the button shows."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
from service.tokens import Purpose
from tests.factories import make_article, make_source
from tests.integration.web_readers.browsing import Reader, field_of, fresh, path_of

SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def path(reader: Reader, active: Subscription) -> str:
    return path_of(reader.runtime.links.preferences(subscription_id=active.id))


def save(reader: Reader, path: str, **form: object) -> str:
    """Save without a script; return the page that says so."""
    answer = reader.post(path, form)
    assert answer.status_code == 303
    return reader.client.get(answer.location).text


def undo(reader: Reader, path: str, page: str) -> str:
    answer = reader.post(f"{path}/undo", {"undo": field_of(page, "undo")}, page=path)
    assert answer.status_code == 303
    return reader.client.get(answer.location).text


def test_a_change_is_taken_back_and_brought_back(session: Session, reader: Reader, path: str) -> None:
    before = fresh(session).next_due_at
    page = save(reader, path, part="when", rhythm="daily", weekday="5", hour="21", time_zone="UTC")
    assert fresh(session).hour == 21

    back = undo(reader, path, page)
    row = fresh(session)
    assert (row.rhythm.value, row.hour, row.time_zone) == ("weekly", 7, "Europe/Berlin")
    assert "Taken back." in back
    undo(reader, path, back)
    assert fresh(session).hour == 21
    assert fresh(session).next_due_at != before


def test_a_button_of_before_takes_nothing_back_that_was_changed_since(
    session: Session, reader: Reader, path: str
) -> None:
    page = save(reader, path, part="amount", max_items="5", explore="y")
    save(reader, path, part="amount", max_items="6", explore="y")

    answer = reader.post(f"{path}/undo", {"undo": field_of(page, "undo")}, page=path)

    assert answer.status_code == 409
    assert "changed again since" in answer.text
    assert fresh(session).max_items == 6


def test_a_page_that_is_opened_again_offers_no_way_back_that_is_gone(reader: Reader, path: str) -> None:
    answer = reader.post(path, {"part": "amount", "max_items": "5", "explore": "y"})
    assert 'name="undo"' in reader.client.get(answer.location).text
    save(reader, path, part="amount", max_items="6", explore="y")
    assert 'name="undo"' not in reader.client.get(answer.location).text


def test_a_way_back_is_for_one_subscription_and_an_hour(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    now = datetime.now(UTC)
    tokens = reader.runtime.tokens
    changes = [{"max_items": 5}, {"max_items": None}]
    for forged in (
        tokens.make(Purpose.UNDO, [active.id + 1, *changes], at=now),
        tokens.make(Purpose.UNDO, [active.id, *changes], at=now - timedelta(minutes=61)),
        "nothing",
    ):
        assert reader.post(f"{path}/undo", {"undo": forged}, page=path).status_code == 422
    assert fresh(session).max_items is None


def test_announcements_are_agreed_to_beside_their_words_also_when_taken_back(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    active.announcements = True
    session.commit()
    undo(reader, path, save(reader, path, part="announcements"))

    off, on = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id))
    assert (off.kind, on.kind) == (ConsentKind.ANNOUNCEMENTS_OFF, ConsentKind.ANNOUNCEMENTS_ON)
    assert on.wording == "Also send me the occasional announcement from The Harbour Courier."


def test_a_pause_is_one_press_and_taken_back(session: Session, reader: Reader, path: str) -> None:
    answer = reader.post(f"{path}/pause", {"length": "1m", "until": ""}, page=path)
    until = fresh(session).paused_until
    assert until is not None
    assert timedelta(days=29) <= until - datetime.now(UTC).date() <= timedelta(days=31)

    undo(reader, path, reader.client.get(answer.location).text)
    assert fresh(session).paused_until is None


def test_a_script_gets_the_sentence_and_the_way_back(session: Session, reader: Reader, path: str) -> None:
    form = {"part": "topics", "csrf_token": reader.token_on(path)}
    answer = reader.client.post(path, data=form, headers=SCRIPT)

    assert answer.json is not None
    assert "from all topics." in answer.json["outcome"]
    assert 'name="undo"' in answer.json["toast"]
    assert answer.headers["Cache-Control"] == "no-store"
    undo(reader, path, answer.json["toast"])
    assert len(fresh(session).topic_ids) == 2


def test_a_script_is_told_what_is_wrong(reader: Reader, path: str) -> None:
    form = {"part": "amount", "max_items": "99", "csrf_token": reader.token_on(path)}
    answer = reader.client.post(path, data=form, headers=SCRIPT)

    assert answer.status_code == 422
    assert answer.json is not None
    assert "Choose how many articles a mail may have." in answer.json["toast"]


def test_a_mail_leads_to_more_and_less_of_one_article(
    session: Session, reader: Reader, active: Subscription, path: str
) -> None:
    science, energy = active.newsletter.topics
    source = make_source(session, active.newsletter, name="Wire <b>")
    make_source(session, active.newsletter, name="Desk")
    article = make_article(session, source, energy, title="Tides & <turbines>")
    session.commit()
    about = f"{path}?about={article.id}"

    page = reader.client.get(about).text
    assert "Tides &amp; &lt;turbines&gt;" in page
    assert "You follow Energy." in page
    assert "Nothing from Wire &lt;b&gt;" in page
    assert fresh(session).topic_ids == [science.id, energy.id], "a link changes nothing"

    def press(what: str) -> str:
        form = {"about": str(article.id), "do": what}
        return reader.client.get(reader.post(f"{path}/about", form, page=path).location).text

    told = press(f"less-{energy.id}")
    assert "You do not follow Energy any more." in told
    assert fresh(session).topic_ids == [science.id]
    assert "Tides" in told, "the article is still what the page is about"
    assert "do not come any more" in press(f"less-{energy.id}")
    assert fresh(session).excluded_topic_ids == [energy.id]
    assert "You follow Energy now." in press(f"more-{energy.id}")
    assert fresh(session).excluded_topic_ids == []
    muted = press("mute")
    assert fresh(session).excluded_source_ids == [source.id]
    undo(reader, path, muted)
    assert fresh(session).excluded_source_ids == []


@pytest.mark.parametrize("about", ["0", "999999", "x", "9" * 40])
def test_an_article_that_is_not_there_is_not_spoken_of(reader: Reader, path: str, about: str) -> None:
    answer = reader.client.get(path, query_string={"about": about})
    assert answer.status_code == 200
    assert "About this article" not in answer.text
    assert reader.post(f"{path}/about", {"about": about, "do": "mute"}, page=path).status_code == 422
