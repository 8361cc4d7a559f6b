"""Accounts: invitations, passwords, roles, and the rule that one administrator remains."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.delivery.models import Message
from service.emails.letters import Letterhead
from service.emails.rendering import render
from service.errors import BadToken, Conflict, InvalidInput
from service.links import Links
from service.operators import accounts, passwords, queries, sessions, setup
from service.operators.emails import invitation_letter
from service.operators.models import Operator, Role
from service.settings import Settings
from service.tokens import Purpose, Tokens

PASSWORD = "a quiet harbour town"


def make(
    session: Session, now: datetime, *, role: Role = Role.ADMIN, email: str = "ada@courier.example"
) -> Operator:
    return accounts.create(
        session, email=email, name="Ada", role=role, password=PASSWORD, actor="test", now=now
    )


def test_an_invitation_is_one_ledger_row_without_an_address(session: Session, now: datetime) -> None:
    ada = make(session, now)
    ben = accounts.invite(session, email="Ben@Courier.example", name="Ben", role=Role.SENDER, by=ada, now=now)
    message = session.scalars(select(Message)).one()
    assert (message.kind, message.operator_id) == ("operator_invitation", ben.id)
    assert message.details == {"invited_by": ada.id, "generation": 1}
    assert ben.password_hash is None


def test_accepting_sets_name_and_password_once(session: Session, now: datetime) -> None:
    ben = accounts.invite(
        session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=make(session, now), now=now
    )
    accounts.accept(session, ben.id, 1, name="Ben Rowe", password="over the old bridge", now=now)
    assert ben.name == "Ben Rowe"
    assert passwords.verify(ben.password_hash, "over the old bridge")
    with pytest.raises(BadToken, match="used already"):
        accounts.accept(session, ben.id, 1, name="Eve", password="another long password", now=now)


def test_a_second_invitation_ends_the_first(session: Session, now: datetime) -> None:
    ada = make(session, now)
    ben = accounts.invite(session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=ada, now=now)
    accounts.invite_again(session, ben, by=ada, now=now)
    with pytest.raises(BadToken, match="newer invitation"):
        accounts.find_invited(session, ben.id, 1)
    assert accounts.find_invited(session, ben.id, 2) is ben
    assert len(session.scalars(select(Message)).all()) == 2


def test_a_disabled_invitation_opens_nothing(session: Session, now: datetime) -> None:
    ada = make(session, now)
    ben = accounts.invite(session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=ada, now=now)
    accounts.disable(session, ben, actor="test", now=now)
    with pytest.raises(BadToken, match="no longer open"):
        accounts.find_invited(session, ben.id, 1)
    accounts.enable(session, ben, actor="test", now=now)
    with pytest.raises(BadToken):
        accounts.find_invited(session, ben.id, 1)


def test_one_address_has_one_account_whatever_its_case(session: Session, now: datetime) -> None:
    make(session, now)
    with pytest.raises(InvalidInput, match="account with this address") as refused:
        make(session, now, email="ADA@courier.example")
    assert refused.value.field == "email"


def test_the_last_administrator_cannot_leave(session: Session, now: datetime) -> None:
    ada = make(session, now)
    make(session, now, role=Role.SENDER, email="sue@courier.example")
    accounts.invite(session, email="ben@courier.example", name="Ben", role=Role.ADMIN, by=ada, now=now)
    with pytest.raises(Conflict, match="only administrator"):
        accounts.disable(session, ada, actor="test", now=now)
    with pytest.raises(Conflict):
        accounts.change_role(session, ada, role=Role.VIEWER, actor="test", now=now)
    eve = make(session, now, email="eve@courier.example")
    accounts.disable(session, ada, actor="test", now=now)
    assert (ada.disabled_at, eve.disabled_at) == (now, None)


def test_a_changed_password_ends_every_other_login(session: Session, now: datetime) -> None:
    ada = make(session, now)
    here = sessions.start(session, ada, ip=None, now=now)
    there = sessions.start(session, ada, ip=None, now=now)
    accounts.change_password(
        session, ada, current=PASSWORD, new="a storm over the pier", keep=sessions.fingerprint(here), now=now
    )
    assert sessions.find(session, here, now=now) is not None
    assert sessions.find(session, there, now=now) is None
    with pytest.raises(InvalidInput) as refused:
        accounts.change_password(session, ada, current=PASSWORD, new="a third long one", keep=None, now=now)
    assert refused.value.field == "current"


def test_the_audit_log_has_every_step_and_no_address(session: Session, now: datetime) -> None:
    ada = make(session, now)
    ben = accounts.invite(session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=ada, now=now)
    accounts.change_role(session, ben, role=Role.SENDER, actor="operator 1", now=now)
    accounts.disable(session, ben, actor="operator 1", now=now)
    session.flush()
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "operator.created", "operator.invited", "operator.role_changed", "operator.disabled",
    ]  # fmt: skip
    told = " ".join(f"{entry.actor} {entry.subject} {entry.before} {entry.after}" for entry in entries)
    assert "@" not in told
    assert PASSWORD not in told


def test_the_letter_carries_a_link_that_opens_this_invitation(
    session: Session, settings: Settings, now: datetime
) -> None:
    tokens = Tokens(settings.secret_keys)
    ben = accounts.invite(
        session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=make(session, now), now=now
    )
    head = Letterhead("The Courier", "", "#8a1c1c", "https://courier.example", "The Courier", "1 Quay Street")
    letter = invitation_letter(
        ben,
        invited_by="Ada",
        generation=1,
        letterhead=head,
        links=Links("https://news.example", tokens),
        invited_at=now,
    )
    content = render(letter)
    assert letter.accept_url in content.text
    token = letter.accept_url.rpartition("/")[2]
    assert tokens.read(Purpose.INVITATION, token, now=now) == [ben.id, 1]


def test_set_up_is_open_until_there_is_an_account(
    session: Session, settings: Settings, now: datetime
) -> None:
    token = setup.setup_token(settings)
    assert len(token) == 32
    assert setup.is_setup_token(settings, token)
    assert not setup.is_setup_token(settings, token[:-1] + "x")
    assert setup.is_open(session)
    assert setup.claim(session)
    make(session, now)
    assert not setup.claim(session)
    assert queries.has_any(session)
