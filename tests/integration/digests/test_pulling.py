"""An article is withdrawn after its digests were planned: it leaves in none that had not begun to leave."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import withdrawal
from service.articles.models import Article
from service.audit import AuditEntry
from service.db import Sessions, transaction
from service.delivery.accounting import accounts
from service.delivery.models import Message, MessageState, Stream
from service.delivery.ports import Ready, Skip
from service.digests import planning, pulling
from service.digests.pulling import PullReport
from service.dispatch import TaskName
from service.ops.due import due_tasks
from service.prepare.port import Preparer
from service.recipes import reading
from service.recipes.models import Recipe
from service.tokens import AddressHasher
from tests.fakes.smtp_server import Step, running
from tests.integration.delivery.world import engine, utc
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_stories,
    make_world,
    messages,
)
from tests.mails import content_of

HASHER = AddressHasher(("a key",))


def plan(sessions: Sessions, *, weeks: int = 0) -> None:
    planning.plan_due(sessions, links=LINKS, now=NOW + timedelta(weeks=weeks))


def pull(sessions: Sessions) -> PullReport:
    return pulling.pull(sessions, links=LINKS, now=NOW)


def withdraw(session: Session, article_id: int) -> None:
    withdrawal.withdraw(session, article_id, actor="operator 1", now=NOW)
    session.commit()


def prepare(session: Session, sessions: Sessions) -> list[Ready | Skip]:
    return Preparer(sessions, links=LINKS, hash_address=HASHER)(messages(session))


def test_mails_that_wait_are_made_anew_without_it(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6)
    readers = [make_due(session, newsletter) for _ in range(3)]
    session.commit()
    plan(sessions)
    [before] = articles_of(session, readers[0])
    gone = before[0]
    assert due_tasks(session, now=NOW)[0] is not TaskName.PULL_WITHDRAWN

    withdraw(session, gone)
    assert TaskName.PULL_WITHDRAWN in due_tasks(session, now=NOW)
    assert pull(sessions) == PullReport(remade=3)

    session.expire_all()
    assert [articles_of(session, reader) for reader in readers] == [[before[1:]]] * 3
    title = session.get_one(Article, gone).title
    for answer in prepare(session, sessions):
        assert isinstance(answer, Ready)
        mail = content_of(answer.mail)
        assert title not in mail.text + mail.html + answer.mail.head.subject
        assert session.get_one(Article, before[1]).title in mail.text
    recipe = session.get_one(Recipe, messages(session)[0].recipe_id)
    items = [item for section in reading.sections(session, recipe) for item in section["items"]]
    assert [item["slot"] for item in items] == [1, 2, 3, 4, 5]
    assert TaskName.PULL_WITHDRAWN not in due_tasks(session, now=NOW)
    assert pull(sessions) == PullReport()
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["article.withdrawn", "article.pulled"]


def test_one_that_falls_under_the_floor_is_cancelled_and_what_else_was_in_it_comes_next_time(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=3)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    [before] = articles_of(session, reader)

    withdraw(session, before[0])
    assert pull(sessions) == PullReport(cancelled=1)

    [message] = messages(session)
    session.refresh(message)
    assert (message.state, message.reason) == (MessageState.CANCELLED, "withdrawn")
    account = accounts(session, [message.mailing_id])[message.mailing_id]
    assert account.adds_up
    assert account.skipped == {"withdrawn": 1}
    make_stories(session, newsletter, count=1, first_seq=10)
    session.commit()
    plan(sessions, weeks=1)
    [after] = articles_of(session, reader)
    assert set(before[1:]) < set(after)
    assert before[0] not in after


def test_a_sender_sets_aside_what_a_planner_wrote_while_the_article_was_withdrawn(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    [before] = articles_of(session, reader)
    withdraw(session, before[2])
    # As if the pass that pulls had ended before the planner's commit.
    session.get_one(Article, before[2]).pulled_at = NOW
    session.commit()

    [answer] = prepare(session, sessions)

    assert isinstance(answer, Skip)
    assert (answer.reason, answer.hold) == ("withdrawn", True)


def test_a_restored_article_is_sent_after_all(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    [before] = articles_of(session, reader)
    withdraw(session, before[0])
    with transaction(sessions) as other:
        assert pulling.hold_next(other, now=NOW)
    withdrawal.restore(session, before[0], actor="operator 1", now=NOW)
    session.commit()

    assert pull(sessions) == PullReport(remade=1)
    session.expire_all()
    assert articles_of(session, reader) == [before]


def test_mails_that_left_and_mails_without_it_stay_as_they_are(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=8)
    science, energy = newsletter.topics
    sent, waiting, other = (
        make_due(session, newsletter, topic_ids=[topic.id], explore=False)
        for topic in (science, science, energy)
    )
    session.commit()
    plan(sessions)
    by_reader = {message.subscription_id: message for message in messages(session)}
    by_reader[sent.id].state = MessageState.SENT
    session.commit()
    [before] = articles_of(session, sent)
    [untouched] = articles_of(session, other)

    withdraw(session, before[0])

    assert pull(sessions) == PullReport(remade=1)
    session.expire_all()
    assert articles_of(session, sent) == [before]
    assert articles_of(session, waiting) == [before[1:]]
    assert articles_of(session, other) == [untouched]


def test_while_mails_are_being_sent_it_is_gone_after_a_window(committing: Sessions, tmp_path: Path) -> None:
    window, readers, pressed_at = 8, 120, 40
    with transaction(committing) as session:
        newsletter = make_world(session, stories=6)
        for article in session.scalars(select(Article)):
            article.published_at = utc()
        for _ in range(readers):
            make_due(session, newsletter, next_due_at=utc(), hour=utc().hour, weekday=utc().isoweekday())
    planning.plan_due(committing, links=LINKS, now=utc())
    with committing() as session:
        first = session.scalars(select(Recipe)).one()
        gone, title = first.article_ids[0], session.get_one(Article, first.article_ids[0]).title
    pressed = Event()

    def script(step: Step) -> str | None:
        if step.total >= pressed_at and not pressed.is_set():
            pressed.set()
            with transaction(committing) as session:
                withdrawal.withdraw(session, gone, actor="operator 1", now=utc())
        return None

    compose = Preparer(committing, links=LINKS, hash_address=HASHER)
    with running(script) as server, ThreadPoolExecutor(1) as pool:
        sender = engine(committing, server, tmp_path, compose=compose, window=window)
        sending = pool.submit(sender.deliver, [Stream.DIGEST])
        pressed.wait(timeout=30)
        while not sending.done() or pulling.pull(committing, links=LINKS, now=utc()) != PullReport():
            pulling.pull(committing, links=LINKS, now=utc())
        sender.deliver([Stream.DIGEST])
        accepted = list(server.accepted)

    assert len({each.recipient for each in accepted}) == len(accepted) == readers
    # What was on the wire, and the window that was composed and marked meanwhile.
    carried = sum(title.encode() in each.raw for each in accepted)
    assert pressed_at <= carried <= pressed_at + 2 * window
    with committing() as session:
        [mailing_id] = set(session.scalars(select(Message.mailing_id)))
        account = accounts(session, [mailing_id])[mailing_id]
        assert (account.sent, account.pending, account.adds_up) == (readers, 0, True)
