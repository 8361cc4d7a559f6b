"""What operators see of sign-ups: what was held back, who floods, and what to put on their site."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy.orm import Session

from service.db import Sessions
from service.newsletters.models import Newsletter
from service.operators.models import Role
from service.subscribers import guard
from service.subscribers.signup_models import Held, SignupAttempt
from tests.factories import make_newsletter
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    row = make_newsletter(session, slug="courier", name="The “Harbour” Courier & Sons")
    session.commit()
    return row


def words_of(visitor: Visitor, path: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(visitor.open(path).text)).split())


def attempts(session: Session, newsletter: Newsletter, n: int, **values: object) -> None:
    for _ in range(n):
        session.add(
            SignupAttempt(
                **{
                    "at": datetime.now(UTC),
                    "email_hash": b"one victim",
                    "network": "192.0.2.0/24",
                    "newsletter_id": newsletter.id,
                    "mailed": False,
                    "held_by": Held.ADDRESS,
                    **values,
                }
            )
        )
    session.commit()


def test_an_attack_is_seen_with_what_held_it(
    session: Session, sessions: Sessions, visitor: Visitor, newsletter: Newsletter
) -> None:
    attempts(session, newsletter, 1, mailed=True, held_by=None)
    attempts(session, newsletter, 30)
    for held, count in ((Held.NETWORK, 25), (Held.NEWSLETTER, 3)):
        for _ in range(count):
            guard.count_refusal(
                session, held, newsletter_id=newsletter.id, network="198.51.100.0/24", now=datetime.now(UTC)
            )
    session.commit()
    visitor.be(sessions, Role.VIEWER)
    page = words_of(visitor, "/console/signups/")
    assert "Presses of the button 59" in page
    assert "Mailed 1 " in page
    assert "Held back 58" in page
    assert "the address had its mail already told that a mail is on its way 30" in page
    assert "198.51.100.0/24 0 0 28" in page
    for alarm in (
        "More people than expected sign up for The “Harbour” Courier & Sons",
        "25 sign-ups from 198.51.100.0/24 were refused",
        "One address was entered 31 times",
    ):
        assert alarm in page
        assert alarm in words_of(visitor, "/console/")


def test_a_quiet_day_raises_no_alarm(
    session: Session, sessions: Sessions, visitor: Visitor, newsletter: Newsletter
) -> None:
    attempts(session, newsletter, 3, mailed=True, held_by=None)
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/signups/").text
    assert "Nothing was held back" in page
    assert 'role="alert"' not in page


def test_what_is_copied_is_whole_and_escaped(
    session: Session, sessions: Sessions, visitor: Visitor, newsletter: Newsletter
) -> None:
    visitor.be(sessions, Role.VIEWER)
    energy = newsletter.topics[1]
    page = visitor.open(f"/console/newsletters/{newsletter.id}/form/?topic={energy.id}").text
    script, frame, plain = (
        unescape(text) for text in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, flags=re.S)
    )
    assert '<broadsheet-form newsletter="courier" topic="energy"' in script
    assert 'action="http://localhost:8000/n/courier/start"' in script
    assert '<script async src="http://localhost:8000/embed.js"></script>' in script
    assert 'src="http://localhost:8000/n/courier/frame?topic=energy"' in frame
    assert 'title="Sign up for The “Harbour” Courier &amp; Sons"' in frame
    assert 'name="topic" value="energy"' in plain
    assert 'src="/n/courier/frame?topic=energy"' in page


def test_the_cap_of_a_newsletter_is_set_on_its_page(
    session: Session, sessions: Sessions, visitor: Visitor, newsletter: Newsletter
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/newsletters/{newsletter.id}"
    page = visitor.open(path).text
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page)
    }
    assert fields["signups_per_minute"] == "300"
    chosen = dict(
        re.findall(r'<select[^>]* name="(\w+)".*?<option selected value="([^"]*)"', page, flags=re.S)
    )
    visitor.send(path, page=path, **(fields | chosen | {"signups_per_minute": "5000"}))
    session.expire_all()
    assert newsletter.signups_per_minute == 5000
    refused = visitor.send(path, page=path, **(fields | chosen | {"signups_per_minute": "0"}))
    assert refused.status_code == 422
