"""From a plan to the mail that delivery is handed: what the reader will see, and the last look."""

from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.ports import Ready, Skip
from service.digests import planning
from service.prepare.port import Preparer
from service.subscribers.models import SubscriptionState
from service.tokens import AddressHasher, Purpose
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import LINKS, NOW, make_due, messages
from tests.mails import content_of, parts_of


def prepare(session: Session, sessions: Sessions) -> list[Ready | Skip]:
    preparer = Preparer(sessions, links=LINKS, hash_address=AddressHasher(("a key",)))
    return preparer(messages(session))


def plan_hostile(session: Session, sessions: Sessions) -> None:
    """Two readers share a digest whose headlines would like to be more than headlines."""
    newsletter = make_newsletter(session, topics=("Arts & Crafts",))
    source = make_source(session, newsletter)
    titles = (
        "<script>alert(1)</script>",
        "=?utf-8?q?Bcc=3A_all=0D=0A?=\r\nBcc: all",
        "xslot7q-reason-q7tolsx",
    )
    for n, title in enumerate(titles):
        make_article(session, source, newsletter.topics[0], seq=n + 1, title=title)
    for _ in range(2):
        make_due(session, newsletter)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)


def test_readers_of_one_recipe_get_their_own_links_and_the_same_date(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    for n in range(4):
        make_article(session, source, newsletter.topics[n % 2], seq=n + 1)
    readers = [make_due(session, newsletter) for _ in range(2)]
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    answers = prepare(session, sessions)

    for reader, answer in zip(readers, answers, strict=True):
        assert isinstance(answer, Ready)
        mail = answer.mail
        assert (mail.to_address, mail.head.date) == (reader.subscriber.email, NOW)
        assert mail.head.auto_submitted
        assert mail.head.list is not None
        assert mail.unsubscribe_url is not None
        token = mail.unsubscribe_url.rpartition("/")[2]
        assert LINKS.tokens.read(Purpose.UNSUBSCRIBE, token, now=NOW)[0] == reader.id
        for part in parts_of(mail.body):
            assert mail.unsubscribe_url in part
            assert LINKS.preferences(subscription_id=reader.id) in part
    assert answers[0].mail.head == answers[1].mail.head


def test_hostile_headlines_stay_text(session: Session, sessions: Sessions) -> None:
    plan_hostile(session, sessions)

    for answer in prepare(session, sessions):
        assert isinstance(answer, Ready)
        content = content_of(answer.mail)
        assert "<script" not in content.html
        assert "\n" not in content.subject
        assert "\r" not in content.subject
        assert "=?" not in content.subject
        assert "Arts &amp; Crafts" in content.html
        assert content.text.count("You get this because") == 1


def test_who_left_or_paused_after_planning_is_skipped_at_the_last_look(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    for n in range(4):
        make_article(session, source, newsletter.topics[0], seq=n + 1)
    left, paused = make_due(session, newsletter), make_due(session, newsletter)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)
    session.refresh(left)
    session.refresh(paused)
    left.state = SubscriptionState.UNSUBSCRIBED
    paused.paused_until = NOW.date().replace(year=2999)
    session.commit()

    assert [getattr(answer, "reason", None) for answer in prepare(session, sessions)] == [
        "unsubscribed",
        "paused",
    ]
