"""The letter for a forgotten password, composed as a worker does."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.due import due_of
from service.delivery.models import Message
from service.delivery.ports import Ready, Skip
from service.links import Links
from service.operators import forgotten, passwords
from service.operators.throttle import Origin
from service.prepare.port import Preparer
from service.tokens import AddressHasher, Purpose, Tokens
from tests.factories import make_newsletter, make_operator
from tests.mails import content_of

KEY = "a key that is only ever used in tests"
HASHER, TOKENS = AddressHasher((KEY,)), Tokens((KEY,))


def test_the_letter_carries_a_link_until_the_password_has_changed(
    session: Session, sessions: Sessions, now: datetime
) -> None:
    make_newsletter(session)
    ada = make_operator(session, password_hash="x")
    assert forgotten.ask(session, ada.email, origin=Origin("203.0.113.0/24"), hash_address=HASHER, now=now)
    session.commit()
    due = due_of(session.scalars(select(Message)).one())
    compose = Preparer(sessions, links=Links("https://news.example", TOKENS), hash_address=HASHER)

    [ready] = compose([due])
    assert isinstance(ready, Ready)
    assert ready.mail.to_address == ada.email
    text = content_of(ready.mail).text
    token = text.partition("https://news.example/console/password/")[2].split()[0]
    assert TOKENS.read(Purpose.PASSWORD, token, now=now) == [ada.id, forgotten.mark_of(ada)]

    ada.password_hash = passwords.make_hash("over the old bridge")
    session.commit()
    [skip] = compose([due])
    assert isinstance(skip, Skip)
    assert skip.reason == "replaced"
