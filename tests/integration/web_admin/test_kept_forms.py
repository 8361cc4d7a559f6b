"""Nothing typed is lost and nothing sent by accident: ended logins, lost roles, stale pages."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from service.blasts.models import Blast
from service.db import Sessions, transaction
from service.operators import accounts, kept_forms
from service.operators.models import KeptForm, Operator, OperatorSession, Role
from tests.factories import make_newsletter
from tests.integration.web_admin.browsing import LOGIN_COOKIE, PASSWORD, Visitor, with_password

BLAST = {"subject": "Storm & <b>tide</b>", "body_markdown": 'One\n\nTwo "quoted"'}
NEW = "/console/blasts/new"


@pytest.fixture
def ben(sessions: Sessions) -> Operator:
    with transaction(sessions) as session:
        make_newsletter(session)
        return with_password(session, role=Role.EDITOR)


def leave_for_lunch(sessions: Sessions) -> None:
    with transaction(sessions) as session:
        then = datetime.now(UTC) - timedelta(minutes=40)
        session.execute(update(OperatorSession).values(last_seen_at=then))


def send(visitor: Visitor, path: str, token: str, **more: object) -> TestResponse:
    return visitor.client.post(
        path, data={"csrf_token": token, **BLAST, **more}, headers={"Referer": f"http://localhost{NEW}"}
    )


def hidden(page: str) -> dict[str, str]:
    """The fields of the form that goes on, as a browser reads them."""
    form = page.partition('id="go-on"')[0].rpartition("<form")[2]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    entities = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'"}
    return {name: re.sub(r"&[^;]+;", lambda entity: entities[entity[0]], text) for name, text in found}


def test_a_blast_that_was_written_too_long_is_there_after_the_login(
    visitor: Visitor, sessions: Sessions, ben: Operator
) -> None:
    visitor.sign_in(ben.email)
    path = visitor.send(NEW).location
    token = visitor.token(path)
    leave_for_lunch(sessions)
    refused = send(visitor, path, token)
    assert re.fullmatch(r"/console/login\?next=/console/kept/\d+", refused.location)
    shown = visitor.open(refused.location).text
    assert "after 30 minutes without a click" in shown
    assert "What you typed is kept" in shown
    back = visitor.sign_in(ben.email, target=refused.location.partition("=")[2])
    page = visitor.open(back.location)
    assert "Storm &amp; &lt;b&gt;tide&lt;/b&gt;" in page.text
    with sessions() as session:
        assert session.scalars(select(Blast.subject)).all() == [""]
    done = visitor.client.post(path, data=hidden(page.text))
    assert done.status_code == 302
    with sessions() as session:
        [blast] = session.scalars(select(Blast))
        assert (blast.subject, blast.body_markdown) == (BLAST["subject"], BLAST["body_markdown"])
    assert session_count(sessions, KeptForm) == 0


def test_a_role_that_was_taken_away_says_so_and_keeps_what_was_typed(
    visitor: Visitor, sessions: Sessions, ben: Operator
) -> None:
    visitor.sign_in(ben.email)
    token = visitor.token(NEW)
    with transaction(sessions) as session:
        accounts.change_role(
            session, session.get_one(Operator, ben.id), role=Role.VIEWER, actor="test", now=datetime.now(UTC)
        )
    refused = send(visitor, NEW, token)
    assert "changed your role" in visitor.open(refused.location).text
    kept = refused.location.partition("=")[2]
    visitor.sign_in(ben.email, target=kept)
    page = visitor.open(kept)
    assert "Storm &amp;" in page.text
    again = visitor.client.post(NEW, data=hidden(page.text))
    assert again.status_code == 403
    assert "role does not allow" in again.text
    still = re.search(r'href="(/console/kept/\d+)"', again.text)
    assert still
    assert "Two &#34;quoted&#34;" in visitor.open(still[1]).text
    assert session_count(sessions, KeptForm) == 1


def test_a_form_of_before_the_login_is_kept_when_it_is_our_own(
    visitor: Visitor, sessions: Sessions, ben: Operator
) -> None:
    visitor.sign_in(ben.email)
    old = visitor.token(NEW)
    visitor.client.delete_cookie(LOGIN_COOKIE)
    visitor.sign_in(ben.email)
    ours = visitor.client.post(
        NEW, data={"csrf_token": old, **BLAST}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert ours.status_code == 400
    assert "/console/kept/" in ours.text
    theirs = visitor.client.post(
        NEW, data={"csrf_token": old, **BLAST}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert theirs.status_code == 400
    assert "/console/kept/" not in theirs.text
    assert session_count(sessions, KeptForm) == 1


def test_a_stranger_without_any_login_fills_no_table(visitor: Visitor, sessions: Sessions) -> None:
    refused = send(visitor, NEW, visitor.token("/console/login"))
    assert refused.location == "/console/login?next=/console/blasts/new"
    assert session_count(sessions, KeptForm) == 0


def test_a_button_leads_back_to_its_page_and_does_nothing(
    visitor: Visitor, sessions: Sessions, ben: Operator
) -> None:
    visitor.sign_in(ben.email)
    token = visitor.token(NEW)
    leave_for_lunch(sessions)
    refused = visitor.client.post(
        "/console/blasts/1/test",
        data={"csrf_token": token, "ticket": "x"},
        headers={"Referer": "http://localhost/console/blasts/1"},
    )
    assert refused.location == "/console/login?next=/console/blasts/1"
    assert session_count(sessions, KeptForm) == 0


def test_a_form_that_sends_mail_is_not_repeated_from_memory(
    visitor: Visitor, sessions: Sessions, ben: Operator
) -> None:
    visitor.sign_in(ben.email)
    token = visitor.token(NEW)
    leave_for_lunch(sessions)
    refused = send(visitor, "/console/blasts/1/send", token, confirmed_count="312")
    kept = refused.location.partition("=")[2]
    visitor.sign_in(ben.email, target=kept)
    page = visitor.open(kept).text
    assert "go-on" not in page
    assert "asks again" in page


def test_nobody_sees_what_somebody_else_typed(visitor: Visitor, sessions: Sessions, ben: Operator) -> None:
    visitor.sign_in(ben.email)
    token = visitor.token(NEW)
    leave_for_lunch(sessions)
    kept = send(visitor, NEW, token).location.partition("=")[2]
    visitor.be(sessions, Role.ADMIN)
    assert visitor.open(kept).status_code == 404
    visitor.send(f"{kept}/drop")
    assert session_count(sessions, KeptForm) == 1


def test_passwords_are_never_kept(visitor: Visitor, sessions: Sessions, ben: Operator) -> None:
    visitor.sign_in(ben.email)
    token = visitor.token(NEW)
    leave_for_lunch(sessions)
    visitor.client.post(
        "/console/account/password",
        data={"csrf_token": token, "current": PASSWORD, "password": "a new long secret", "username": "x"},
    )
    assert session_count(sessions, KeptForm) == 0


def test_only_the_newest_five_forms_are_kept_and_for_a_day(sessions: Sessions, ben: Operator) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        for number in range(7):
            kept_forms.keep(
                session, ben.id, path=NEW, page=NEW, fields=[("sub\0ject", f"number {number}\0")], now=now
            )
    with sessions() as session:
        rows = session.scalars(select(KeptForm).order_by(KeptForm.id)).all()
        assert [kept_forms.fields_of(row) for row in rows] == [
            [("subject", f"number {number}")] for number in range(2, 7)
        ]
        kept_forms.purge(session, now=now + timedelta(days=1))
        assert session.scalars(select(KeptForm)).all() == []


def session_count(sessions: Sessions, model: type[Blast] | type[KeptForm]) -> int:
    with sessions() as session:
        return len(session.scalars(select(model)).all())
