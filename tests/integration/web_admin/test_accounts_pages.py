"""Accounts: own logins, forgotten passwords, withdrawn invitations, rules, and a flood at the door."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.delivery.models import Message
from service.operators import accounts, forgotten, passwords, rules
from service.operators.models import Ending, LoginFailure, Operator, OperatorSession, Role
from tests.factories import make_newsletter, make_operator
from tests.integration.web_admin.browsing import PASSWORD, Visitor, flash, with_password

ACCOUNT = "/console/account/"
FORGOTTEN = "/console/forgotten"
NEW_PASSWORD = "over the old stone bridge"


def another(visitor: Visitor) -> Visitor:
    return Visitor(visitor.client.application.test_client())


def test_one_login_is_ended_from_another_and_its_browser_is_told(
    visitor: Visitor, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    phone = another(visitor)
    phone.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 16) Firefox/145.0"
    phone.sign_in(ada.email)
    visitor.sign_in(ada.email)
    page = visitor.open(ACCOUNT).text
    assert "Firefox on Android" in page
    [mark] = re.findall(r'name="login" value="([0-9a-f]{64})"', page)
    visitor.send(f"{ACCOUNT}logins/end", login=mark)
    refused = phone.open("/console/senders/")
    assert "ended from another one of yours" in phone.open(refused.location).text
    assert visitor.open(ACCOUNT).status_code == 200


def test_nobody_ends_the_login_of_somebody_else(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    victim = another(visitor)
    victim.sign_in(ada.email)
    visitor.be(sessions, Role.ADMIN)
    with sessions() as session:
        row = session.scalars(select(OperatorSession).where(OperatorSession.operator_id == ada.id)).one()
    for mark in (row.token_hash.hex(), "", "not hex", "00"):
        visitor.send(f"{ACCOUNT}logins/end", login=mark)
        assert "over already" in flash(visitor.open(ACCOUNT))
    assert victim.open(ACCOUNT).status_code == 200


@pytest.mark.parametrize("email", ["known@courier.example", "nobody@courier.example", "\0", "x" * 500])
def test_a_forgotten_password_gets_the_same_answer_for_everybody(
    visitor: Visitor, sessions: Sessions, email: str
) -> None:
    with transaction(sessions) as session:
        with_password(session, email="known@courier.example")
    answer = visitor.send(FORGOTTEN, page=FORGOTTEN, email=email)
    assert answer.location == "/console/login"
    assert "If there is an account with this address" in flash(visitor.open("/console/login"))
    with sessions() as session:
        assert len(session.scalars(select(Message)).all()) == (email == "known@courier.example")


def test_asking_often_sends_one_letter_and_then_has_to_wait(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    statuses = [visitor.send(FORGOTTEN, page=FORGOTTEN, email=ada.email).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    with sessions() as session:
        assert len(session.scalars(select(Message)).all()) <= 2  # the border between two periods may lie here


def test_the_link_changes_the_password_once_and_ends_every_login(
    visitor: Visitor, sessions: Sessions, runtime: Runtime
) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    elsewhere = another(visitor)
    elsewhere.sign_in(ada.email)
    link = runtime.links.new_password(operator_id=ada.id, mark=forgotten.mark_of(ada), at=datetime.now(UTC))
    path = link.removeprefix(runtime.links.base_url)
    weak = visitor.send(path, page=path, password="short")
    assert (weak.status_code, "at least 12" in weak.text) == (422, True)
    assert visitor.send(path, page=path, password=NEW_PASSWORD).location == "/console/login"
    assert elsewhere.open(ACCOUNT).status_code == 302
    assert visitor.open(path).status_code == 404
    assert visitor.sign_in(ada.email, NEW_PASSWORD).location == "/console/"
    with sessions() as session:
        assert passwords.verify(session.get_one(Operator, ada.id).password_hash, NEW_PASSWORD)
        ends = session.scalars(select(OperatorSession.ended_by)).all()
        assert Ending.PASSWORD in ends


def test_the_link_is_too_old_after_an_hour(visitor: Visitor, sessions: Sessions, runtime: Runtime) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    at = datetime.now(UTC) - timedelta(minutes=61)
    link = runtime.links.new_password(operator_id=ada.id, mark=forgotten.mark_of(ada), at=at)
    assert visitor.open(link.removeprefix(runtime.links.base_url)).status_code == 410


def test_a_withdrawn_invitation_opens_nothing(visitor: Visitor, sessions: Sessions, runtime: Runtime) -> None:
    with transaction(sessions) as session:
        make_newsletter(session)
        ben = accounts.invite(
            session,
            email="ben@courier.example",
            name="Ben",
            role=Role.EDITOR,
            by=make_operator(session),
            now=datetime.now(UTC),
        )
    visitor.be(sessions, Role.ADMIN)
    assert "the link works until" in visitor.open(f"/console/operators/{ben.id}").text
    visitor.send(f"/console/operators/{ben.id}/withdraw")
    assert "withdrawn" in flash(visitor.open("/console/operators/"))
    link = runtime.links.invitation(operator_id=ben.id, generation=1, at=datetime.now(UTC))
    assert visitor.open(link.removeprefix(runtime.links.base_url)).status_code == 404


def test_rules_are_changed_on_their_page_and_hold_at_once(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.ADMIN)
    page = "/console/operators/rules"
    wrong = visitor.send(page, idle_minutes="2", longest_hours="12")
    assert (wrong.status_code, "between 5 and 1440" in wrong.text) == (422, True)
    visitor.send(page, idle_minutes="15", longest_hours="8", second_factor_required="y")
    with sessions() as session:
        row = rules.current(session)
        assert (row.idle_minutes, row.longest_hours, row.second_factor_required) == (15, 8, True)
    assert visitor.open("/console/operators/").location == "/console/account/second-factor/"


def test_while_a_flood_guesses_the_owner_still_comes_in(
    visitor: Visitor, sessions: Sessions, runtime: Runtime
) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    visitor.sign_in(ada.email)
    visitor.send("/console/logout", page=ACCOUNT)
    with transaction(sessions) as session:
        # The attacker is everywhere: in the owner's own network too.
        networks = ["127.0.0.0/24", *(f"10.{number}.0.0/24" for number in range(99))]
        session.add_all(
            LoginFailure(at=datetime.now(UTC), email_hash=runtime.hash_address(ada.email), network=network)
            for network in networks
            for _ in range(10)
        )
    stranger = another(visitor)
    assert stranger.sign_in(ada.email, "a guess").status_code == 429
    assert visitor.sign_in(ada.email, PASSWORD).status_code == 302
    assert visitor.open(ACCOUNT).status_code == 200
