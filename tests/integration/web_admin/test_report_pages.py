"""Reports: what is counted once stays counted, leads to its list, and opens safely in a spreadsheet."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Event, Mailing, Message, MessageState, Stream
from service.newsletters.models import Newsletter
from service.operators.models import Role
from service.popularity.models import Click, Verdict
from service.reports import counting, links, results
from service.reports.models import ClickTally, DailyTally, MailingResult
from service.reports.results import Measure
from service.subscribers import consent
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscription
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.web_admin.browsing import Visitor

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
AGO = NOW - timedelta(hours=2)


def a_mailing(session: Session, newsletter: Newsletter, *, sent: int = 4, n: int = 1) -> Mailing:
    mailing = mailings.open_mailing(
        session, stream=Stream.BLAST, cause=f"blast {n}", title="=SUM(A1)", list_id=newsletter.id, now=AGO
    )
    readers = [make_subscription(session, newsletter) for _ in range(sent)]
    rows = [
        NewMessage(
            dedupe_key=f"subscription {each.id}",
            kind="blast",
            due_at=AGO,
            subscriber_id=each.subscriber_id,
            subscription_id=each.id,
            state=MessageState.SENT,
        )
        for each in readers
    ]
    ledger.put(session, mailing, rows, now=AGO)
    return mailing


def follow(
    session: Session, mailing: Mailing, article_id: int, *verdicts: Verdict, at: datetime = AGO
) -> None:
    for n, verdict in enumerate(verdicts):
        session.add(
            Click(
                at=at,
                article_id=article_id,
                mailing_id=mailing.id,
                slot=1,
                visitor=bytes([n]),
                verdict=verdict,
            )
        )
    session.flush()


def leave(session: Session, row: Subscription, *, mailing_id: int | None, was: str = "active") -> None:
    details = {"was": was} | ({} if mailing_id is None else {"mailing": mailing_id})
    consent.record(
        session,
        row,
        ConsentKind.UNSUBSCRIBED,
        circumstances=Circumstances(channel="one-click"),
        now=AGO,
        details=details,
    )


def bounce(session: Session, mailing: Mailing, *, channel: str = "dsn") -> None:
    message = session.scalars(select(Message).where(Message.mailing_id == mailing.id)).first()
    assert message is not None
    session.add(
        Event(
            mailing_id=mailing.id,
            message_id=message.id,
            kind="hard_bounce",
            at=AGO,
            channel=channel,
            dedupe_key=f"{channel} {message.id}",
        )
    )
    session.flush()


def a_busy_day(session: Session) -> Mailing:
    newsletter = make_newsletter(session)
    article = make_article(session, make_source(session, newsletter), newsletter.topics[0])
    mailing = a_mailing(session, newsletter)
    follow(session, mailing, article.id, Verdict.HUMAN, Verdict.HUMAN, Verdict.REPEAT, Verdict.SCANNER)
    reader = make_subscription(session, newsletter)
    leave(session, reader, mailing_id=mailing.id)
    leave(session, make_subscription(session, newsletter), mailing_id=None, was="moved")
    bounce(session, mailing)
    counting.count(session, now=NOW)
    return mailing


def test_a_day_counted_twice_is_the_same_day(session: Session) -> None:
    mailing = a_busy_day(session)
    counting.count(session, now=NOW)
    result = session.get_one(MailingResult, mailing.id)
    assert (result.people, result.repeats, result.machines) == (2, 1, 1)
    assert (result.unsubscribed, result.hard_bounces, result.returned) == (1, 1, 1)
    day = session.get_one(DailyTally, (mailing.list_id, NOW.date()))
    assert (day.sent, day.people, day.machines, day.lost, day.bounces) == (4, 2, 1, 1, 1)
    assert results.get(session, mailing.id).delivered == 3


def test_what_was_counted_outlives_the_clicks(session: Session) -> None:
    mailing = a_busy_day(session)
    for click in session.scalars(select(Click)):
        session.delete(click)
    session.flush()
    counting.count(session, now=NOW + timedelta(days=40))
    assert session.scalars(select(ClickTally.people)).one() == 2
    assert session.get_one(MailingResult, mailing.id).people == 2


def test_a_past_day_has_the_readers_of_that_day(session: Session) -> None:
    newsletter = make_newsletter(session, created_at=NOW - timedelta(days=9))
    for days_ago in (5, 1, 1):
        row = make_subscription(session, newsletter)
        consent.record(
            session,
            row,
            ConsentKind.CONFIRMED,
            circumstances=Circumstances(channel="confirmation"),
            now=NOW - timedelta(days=days_ago),
        )
    session.flush()
    counting.count(session, now=NOW)
    days = session.scalars(select(DailyTally).order_by(DailyTally.day)).all()
    assert [day.active for day in days[-7:]] == [0, 1, 1, 1, 1, 3, 3]
    assert [day.joined for day in days[-7:]] == [0, 1, 0, 0, 0, 2, 0]


def test_usual_is_the_median_of_the_mailings_before(session: Session) -> None:
    newsletter = make_newsletter(session)
    article = make_article(session, make_source(session, newsletter), newsletter.topics[0])
    for n, people in enumerate((0, 1, 4, 2), start=1):
        mailing = a_mailing(session, newsletter, n=n)
        follow(session, mailing, article.id, *[Verdict.HUMAN] * people)
    counting.count(session, now=NOW)
    result = results.get(session, mailing.id)
    usual = results.usual(session, result)
    assert (usual.compared, usual.shares[Measure.CLICKED]) == (3, 0.25)
    assert result.share(Measure.CLICKED) == 0.5


def test_every_number_of_a_report_leads_to_whom_it_counts(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        mailing = a_busy_day(session)
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/reports/{mailing.id}").text
    for which in ("left", "bounced"):
        address = f"/console/readers/?which={which}&amp;mailing={mailing.id}"
        assert f'href="{address}">1</a>' in page
        listed = visitor.open(address.replace("&amp;", "&")).text
        assert listed.count('class="reader-cell"') == 1
    overview = visitor.open("/console/reports/").text
    day = f"/console/readers/?which=left&amp;newsletter={mailing.list_id}&amp;day={NOW.date()}"
    assert f'href="{day}">1</a>' in overview
    assert visitor.open(day.replace("&amp;", "&")).text.count('class="reader-cell"') == 1
    assert re.search(r'<svg [^>]*role="img" aria-label="[^"]*left from', overview)


def test_files_hold_the_numbers_and_no_formula(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        mailing = a_busy_day(session)
    visitor.be(sessions, Role.VIEWER)
    rows = list(csv.reader(io.StringIO(visitor.open("/console/reports/mailings.csv").text)))
    assert rows[1][:2] == [str(mailing.id), "'=SUM(A1)"]
    rows = list(csv.reader(io.StringIO(visitor.open(f"/console/reports/{mailing.id}/links.csv").text)))
    assert rows[1][4:] == ["2", "1", "1"]
    assert "2" in visitor.open("/console/reports/days.csv").text
    assert visitor.open("/console/reports/?newsletter=9999").status_code == 404


def test_a_mail_shows_how_many_followed_each_link(runtime: Runtime) -> None:
    ours = runtime.links.click(article_id=7, mailing_id=3, slot=2)
    html = f'<p><a href="{ours}"><img></a> <a href="{ours}">Title</a> <a href="https://x.example/r/abc">x</a></p>'

    def place_of(token: str) -> links.Place | None:
        return (7, 2) if ours.endswith(token) else None

    shown = links.annotate(html, {(7, 2): 1234}, place_of=place_of)
    assert shown.count("1,234 people") == 1
    assert shown.index("Title</a>") < shown.index("1,234 people") < shown.index("x.example")
