"""The desk: the calendar, what waits in a topic, topics with little, and what a pin would change."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from service.articles.models import Article, ArticleTopic
from service.blasts.models import Blast, BlastState
from service.db import Sessions, transaction
from service.digests import slots, tallying
from service.digests.editions import open_edition
from service.digests.models import Curation, CurationKind, SlotTally
from service.dispatch import TaskName
from service.newsletters.models import Newsletter, Rhythm
from service.operators.models import Role
from service.popularity.models import ArticleScore
from service.subscribers import schedule
from tests.conftest import RecordingDispatcher
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.web_admin.browsing import Visitor, flash

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'


@pytest.fixture
def editor(visitor: Visitor, sessions: Sessions) -> Visitor:
    visitor.be(sessions, Role.EDITOR)
    return visitor


def subscribe(
    sessions: Sessions, newsletter: Newsletter, rhythm: Rhythm, *, zone: str, hour: int, **values: object
) -> None:
    with transaction(sessions) as session:
        row = make_subscription(session, newsletter, rhythm=rhythm, time_zone=zone, hour=hour, **values)
        row.next_due_at = slots.following(row, after=datetime.now(UTC))


def test_every_number_of_the_calendar_is_the_length_of_the_list_behind_it(
    editor: Visitor, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        newsletter = make_newsletter(session, time_zone="Europe/Vienna")
    today = datetime.now(UTC).date()
    for n, zone in enumerate(("Europe/Vienna", "Pacific/Auckland", "Pacific/Honolulu", "Asia/Kolkata")):
        for rhythm in (Rhythm.DAILY, Rhythm.WEEKDAYS, Rhythm.WEEKLY, Rhythm.FORTNIGHTLY, Rhythm.MONTHLY):
            subscribe(sessions, newsletter, rhythm, zone=zone, hour=(7 * n) % 24, weekday=n + 1)
    subscribe(sessions, newsletter, Rhythm.DAILY, zone="UTC", hour=23, paused_until=today + timedelta(days=5))
    with transaction(sessions) as session:
        tallying.count(session, now=datetime.now(UTC))
    text = editor.open("/console/calendar/").text
    numbers = re.findall(r'class="readers" href="([^"]+)">(\d+)<', text)
    assert len(numbers) > 30
    # The first days are the difficult ones: some readers have had theirs, elsewhere it is still yesterday.
    for link, number in [*numbers[:9], *numbers[9::6]]:
        listed = editor.open(unescape(link)).text
        assert listed.count('class="reader-cell"') == int(number), link


def test_the_calendar_shows_the_hours_the_review_and_the_blasts(
    editor: Visitor, sessions: Sessions, dispatcher: RecordingDispatcher
) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = make_newsletter(
            session, name="The Harbour Courier", time_zone="Asia/Kolkata", review_minutes=45
        )
        session.add(
            Blast(
                newsletter_id=newsletter.id,
                subject="Open <newsroom>",
                topic_ids=[],
                state=BlastState.SCHEDULED,
                send_at=now + timedelta(days=2),
                confirmed_count=12,
                created_by=1,
                created_at=now,
            )
        )
    assert "Readers are being counted" in editor.open("/console/calendar/").text
    assert TaskName.COUNT_READERS in dispatcher.woken
    subscribe(sessions, newsletter, Rhythm.WEEKLY, zone="Asia/Kolkata", hour=7)
    with transaction(sessions) as session:
        tallying.count(session, now=now)
    text = editor.open("/console/calendar/").text
    assert "<b>07:00</b>" in text, "on the newsletter's clock"
    assert "goes by itself after 45 minutes" in text
    assert "Open &lt;newsroom&gt;" in text
    assert "12 readers confirmed" in text
    with transaction(sessions) as session:
        day = session.scalars(select(SlotTally.day).order_by(SlotTally.day).limit(1)).one()
        edition = open_edition(
            session,
            session.get_one(Newsletter, newsletter.id),
            rhythm=Rhythm.WEEKLY,
            period=schedule.period_of(day, rhythm=Rhythm.WEEKLY),
            now=now,
        )
    text = editor.open("/console/calendar/").text
    assert "waits for review" in text
    assert f"/console/editions/{edition.id}" in text


def test_a_day_that_cannot_be_is_refused(editor: Visitor) -> None:
    for day in ("9999-12-31", "0001-01-01", "tomorrow"):
        answer = editor.open(f"/console/readers/?which=active&rhythm=weekly&due={day}")
        assert (answer.status_code, "Write a day as year, month and day" in answer.text) == (422, True)


@pytest.fixture
def newsletter(sessions: Sessions) -> Newsletter:
    """Science has two stories, one of them in three reports; energy has none, and one article rests there."""
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        row = make_newsletter(session)
        source = make_source(session, row, name="Gazette")
        science, energy = row.topics
        first = make_article(
            session, source, science, seq=1, title="Ferry", published_at=now - timedelta(hours=9)
        )
        first.story_id = first.id
        for n in range(2):
            make_article(
                session, source, science, seq=n + 2, title=HOSTILE, story_id=first.id, published_at=now
            )
        make_article(session, source, science, seq=9, title="Tram", image_url="https://courier.example/1.jpg")
        make_article(session, source, energy, title="Wind", published_at=now)
        for place in session.scalars(select(ArticleTopic)):
            place.settled_at = now - timedelta(hours=1) if place.eligible_seq is not None else None
        session.add(
            ArticleScore(
                article_id=first.id, score=0.4, sd=0.1, observed=90, explanation="1.5 times.", computed_at=now
            )
        )
        return row


def test_a_pool_folds_reports_and_says_where_each_story_stands_and_why(
    editor: Visitor, newsletter: Newsletter
) -> None:
    science, energy = newsletter.topics
    text = editor.open(f"/console/pool/{science.id}").text
    assert "2 stories wait" in text
    assert text.index(">Ferry</a>") < text.index(">Tram</a>"), "the better one stands first"
    assert "2 more reports of the same story" in text
    assert "Most read in Science this week" in text
    assert "1.5 times an average article, most likely between 1.2 and 1.8 times" in text
    assert "onerror=" not in text.replace("onerror=&#34;", ""), "a title is text"
    assert 'href="https://courier.example/1.jpg" rel="noreferrer">picture</a>' in text
    other = editor.open(f"/console/pool/{energy.id}").text
    assert "Nothing new here" in other
    assert ">Wind</a>" in other.partition('id="resting"')[2]
    assert editor.open("/console/pool/999999").status_code == 404


def test_coverage_names_what_is_thin_and_what_to_do(
    editor: Visitor, sessions: Sessions, newsletter: Newsletter
) -> None:
    science, energy = newsletter.topics
    with transaction(sessions) as session:
        source = make_source(
            session, newsletter, name="Broken Gazette", last_error="The server answered 503."
        )
        old = make_article(
            session, source, energy, seq=11, published_at=datetime.now(UTC) - timedelta(days=20)
        )
        session.scalars(select(ArticleTopic).where(ArticleTopic.article_id == old.id)).one().settled_at = (
            datetime.now(UTC) - timedelta(days=20)
        )
        make_subscription(session, newsletter, topic_ids=[energy.id])
        tallying.count(session, now=datetime.now(UTC))
    text = editor.open("/console/pool/").text
    assert "2 topics have too little" in text
    thin = text.partition('class="thin-topics"')[2].partition("</section>")[0]
    assert "Broken Gazette</a> fails; it brought articles here" in thin
    assert f"which=active&amp;newsletter={newsletter.id}&amp;topic={energy.id}" in thin
    link = re.search(rf'href="(/console/pool/{science.id})">2</a>', text)
    assert link, "the number leads to the stories that it counts"


def test_a_story_is_pinned_and_left_out_where_it_is_seen(
    editor: Visitor, sessions: Sessions, newsletter: Newsletter
) -> None:
    science = newsletter.topics[0]
    path = f"/console/pool/{science.id}?span=week"
    with sessions() as session:
        tram = session.scalars(select(Article).where(Article.title == "Tram")).one().id
        ferry = session.scalars(select(Article).where(Article.title == "Ferry")).one().id
    form = {"topic": str(science.id), "days": "3", "reason": "Our own", "next": f"{path}#story-{tram}"}
    answer = editor.send(f"/console/articles/{tram}/curate", page=path, wanted="pin", **form)
    assert answer.location == f"{path}#story-{tram}"
    text = editor.open(path).text
    assert "Saved." in flash(editor.open(path)) or "Saved." in text
    assert text.index(">Tram</a>") < text.index(">Ferry</a>")
    assert "Picked by the editors" in text
    assert "“Our own”, Editor" in text
    editor.send(f"/console/articles/{ferry}/curate", page=path, wanted="exclude", **form | {"topic": "0"})
    text = editor.open(path).text
    assert "1 story waits" in text
    assert ">Ferry</a>" in text.partition('id="left-out"')[2]
    with sessions() as session:
        rows = session.scalars(select(Curation).order_by(Curation.id)).all()
        assert [(row.kind, row.topic_id) for row in rows] == [
            (CurationKind.PIN, science.id),
            (CurationKind.EXCLUDE, None),
        ]
    evil = editor.send(
        f"/console/articles/{tram}/curate", page=path, wanted="raise", **form | {"next": "//evil.example/"}
    )
    assert evil.location == f"/console/articles/{tram}"
    answer = editor.send(f"/console/articles/curations/{rows[1].id}/end", page=path, next=path)
    assert answer.location == path
    assert "2 stories wait" in editor.open(path).text


def test_a_page_says_what_a_pin_would_change(
    editor: Visitor, sessions: Sessions, newsletter: Newsletter
) -> None:
    science = newsletter.topics[0]
    with transaction(sessions) as session:
        newsletter = session.get_one(Newsletter, newsletter.id)
        newsletter.min_items = 1
        wind = session.scalars(select(Article).where(Article.title == "Tram")).one()
        for _ in range(2):
            make_subscription(session, newsletter, topic_ids=[newsletter.topics[1].id], explore=False)
    text = editor.open(f"/console/pool/pin/{wind.id}?rhythm=weekly").text
    assert "<b>2 more readers</b> would get it" in text
    assert "Counted: the next digest of all" in text
    assert "would get a digest only because of it" in text.lower()
    assert "Nobody" in editor.open(f"/console/pool/pin/{wind.id}?rhythm=weekly&topic={science.id}").text
    assert editor.open(f"/console/pool/pin/{wind.id}?topic=999").status_code == 404
    assert editor.open("/console/pool/pin/999999").status_code == 404


def test_a_viewer_sees_the_desk_and_changes_nothing(
    visitor: Visitor, sessions: Sessions, newsletter: Newsletter
) -> None:
    visitor.be(sessions, Role.VIEWER)
    for path in ("/console/calendar/", "/console/pool/", f"/console/pool/{newsletter.topics[0].id}"):
        answer = visitor.open(path)
        assert answer.status_code == 200
        assert 'name="wanted"' not in answer.text
    assert visitor.send("/console/categories/together", pick="1").status_code == 403


def test_the_desk_is_clear_while_there_is_nothing(editor: Visitor, sessions: Sessions) -> None:
    assert "No open newsletter" in editor.open("/console/calendar/").text
    assert "No open newsletter" in editor.open("/console/pool/").text
    with transaction(sessions) as session:
        make_newsletter(session, topics=())
    assert "No topic yet" in editor.open("/console/pool/").text
