"""From a plan to the mail that delivery is handed: what the reader will see, and the last look."""

import pytest
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.ports import Ready, Skip
from service.digests import planning
from service.emails.letters import Layout
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


def test_a_reader_finds_the_mail_as_a_page_and_can_ask_for_more_of_each_story(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    articles = [make_article(session, source, newsletter.topics[0], seq=n + 1) for n in range(4)]
    readers = [make_due(session, newsletter) for _ in range(2)]
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    answers = prepare(session, sessions)

    for reader, row, answer in zip(readers, messages(session), answers, strict=True):
        assert isinstance(answer, Ready)
        text, html = parts_of(answer.mail.body)
        view = LINKS.view(mailing_id=row.mailing_id, message_id=row.id)
        assert view in text
        assert f'href="{view}"' in html
        for article in articles:
            page = LINKS.preferences(subscription_id=reader.id)
            assert html.count(f'href="{page}?about={article.id}"') == 1


@pytest.mark.parametrize("layout", Layout)
def test_digests_are_set_in_the_layout_of_their_newsletter(
    session: Session, sessions: Sessions, layout: Layout
) -> None:
    newsletter = make_newsletter(session, layout=layout)
    source = make_source(session, newsletter)
    for n in range(3):
        picture = {"image_url": f"https://img.example.org/{n}.jpg", "image_width": 1200, "image_height": 630}
        make_article(session, source, newsletter.topics[0], seq=n + 1, **picture)
    make_due(session, newsletter)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    [answer] = prepare(session, sessions)

    assert isinstance(answer, Ready)
    html = parts_of(answer.mail.body)[1]
    wide, small = html.count('width="536" height="281"'), html.count('width="120" height="63"')
    assert (wide, small) == {Layout.LEAD: (1, 2), Layout.ROWS: (0, 3)}.get(layout, (0, 0))
    assert ("summary" in html) is (layout is not Layout.COMPACT)


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
