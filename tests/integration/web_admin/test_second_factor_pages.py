"""The second factor at the door and on its page, and the proof asked for before accounts change."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from service.audit import AuditEntry
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import factors, rules, totp
from service.operators.models import Operator, OperatorSession, Role
from service.operators.sealing import Sealer
from tests.factories import make_operator
from tests.fakes.authenticator import Authenticator
from tests.integration.web_admin.browsing import PASSWORD, Visitor, flash, with_password

SECRET = b"12345678901234567890"
LOGIN = "/console/login"
SECOND = "/console/login/second"
FACTORS = "/console/account/second-factor/"


def code(*, steps: int = 0) -> str:
    return totp.code_of(SECRET, totp.step_at(datetime.now(UTC)) + steps)


@pytest.fixture
def sealer(runtime: Runtime) -> Sealer:
    return Sealer(runtime.settings.secret_keys)


@pytest.fixture
def ada(sessions: Sessions, sealer: Sealer) -> tuple[Operator, list[str]]:
    """An editor whose app was connected two minutes ago, with the recovery codes."""
    then = datetime.now(UTC) - timedelta(minutes=2)
    shown = totp.code_of(SECRET, totp.step_at(then))
    with transaction(sessions) as session:
        operator = with_password(session, role=Role.EDITOR)
        codes = factors.add_totp(session, operator, SECRET, shown, sealer=sealer, keep=None, now=then)
    return operator, codes


def make_login_old(sessions: Sessions, *, minutes: int = 6) -> None:
    with transaction(sessions) as session:
        then = datetime.now(UTC) - timedelta(minutes=minutes)
        session.execute(update(OperatorSession).values(verified_at=then))


def test_a_password_alone_opens_nothing(visitor: Visitor, ada: tuple[Operator, list[str]]) -> None:
    answer = visitor.sign_in(ada[0].email, target="/console/senders/")
    assert answer.location == f"{SECOND}?next=/console/senders/"
    assert visitor.open("/console/senders/").status_code == 302
    wrong = visitor.send(SECOND, page=LOGIN, code="000000")
    assert (wrong.status_code, "not right" in wrong.text) == (422, True)
    right = visitor.send(f"{SECOND}?next=/console/senders/", page=LOGIN, code=code())
    assert right.location == "/console/senders/"
    assert visitor.open("/console/senders/").status_code == 200


def test_a_recovery_code_lets_in_once(visitor: Visitor, ada: tuple[Operator, list[str]]) -> None:
    operator, codes = ada
    for expected in (302, 422):
        visitor.client.delete_cookie("broadsheet-login")
        visitor.sign_in(operator.email)
        assert visitor.send(SECOND, page=LOGIN, code=codes[0]).status_code == expected


def test_the_second_step_needs_the_first(visitor: Visitor) -> None:
    assert visitor.open(SECOND).location == LOGIN
    assert visitor.send(SECOND, page=LOGIN, code=code()).location == LOGIN


def test_guessed_codes_are_told_to_wait(visitor: Visitor, ada: tuple[Operator, list[str]]) -> None:
    visitor.sign_in(ada[0].email)
    for _ in range(5):
        assert visitor.send(SECOND, page=LOGIN, code="000000").status_code == 422
    answer = visitor.send(SECOND, page=LOGIN, code=code())
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_an_app_is_connected_on_the_account_page_and_codes_are_shown_once(
    visitor: Visitor, sessions: Sessions
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"{FACTORS}app")
    assert "<svg" in page.text
    setup = re.search(r'name="setup" value="([^"]+)"', page.text)
    shown = re.search(r'class="secret"><code>([A-Z2-7 ]+)<', page.text)
    assert setup
    assert shown
    secret = base64.b32decode(shown[1].replace(" ", ""))
    right = totp.code_of(secret, totp.step_at(datetime.now(UTC)))
    wrong = visitor.send(f"{FACTORS}app", page=FACTORS, setup=setup[1], code="000000")
    assert wrong.status_code == 422
    assert setup[1] not in wrong.text  # sealed anew, but of the same secret:
    assert shown[1] in wrong.text
    done = visitor.send(f"{FACTORS}app", page=FACTORS, setup=setup[1], code=right)
    assert len(re.findall(r"<li><code>[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}</code>", done.text)) == 10
    assert "10 of 10 left" in visitor.open(FACTORS).text
    assert "<li><code>" not in visitor.open(FACTORS).text


def test_a_secret_that_was_made_for_somebody_else_is_not_taken(
    visitor: Visitor, sessions: Sessions, sealer: Sealer
) -> None:
    me = visitor.be(sessions, Role.VIEWER)
    for content in (b"operator %d: " % (me.id + 1) + SECRET, SECRET, b"operator %d: short" % me.id):
        setup = base64.urlsafe_b64encode(sealer.seal(content)).decode()
        answer = visitor.send(f"{FACTORS}app", page=FACTORS, setup=setup, code=code())
        assert answer.location == f"{FACTORS}app"
    assert "Connect an app" in visitor.open(FACTORS).text


def test_a_passkey_is_added_and_logs_in_without_a_password(visitor: Visitor, sessions: Sessions) -> None:
    me = visitor.be(sessions, Role.EDITOR)
    key = Authenticator()
    given = visitor.open(f"{FACTORS}passkeys/new").get_json()
    assert given["options"]["authenticatorSelection"]["userVerification"] == "required"
    answer = key.make(_challenge(given))
    added = visitor.send(
        f"{FACTORS}passkeys", page=FACTORS, passkey=answer, passkey_challenge=given["challenge"], name="ring"
    )
    assert "Keep these ten codes" in added.text
    visitor.send("/console/logout", page=FACTORS)
    asked = visitor.open("/console/login/passkey").get_json()
    entering = {"passkey": key.use(_challenge(asked)), "passkey_challenge": asked["challenge"]}
    done = visitor.send("/console/login/passkey?next=/console/senders/", page=LOGIN, **entering)
    assert done.location == "/console/senders/"
    assert visitor.open("/console/account/").text.count(me.email)
    visitor.send("/console/logout", page=FACTORS)
    again = visitor.send("/console/login/passkey", page=LOGIN, **entering)
    assert again.location == LOGIN
    assert "not accepted" in visitor.open(LOGIN).text


def test_whoever_needs_a_factor_and_has_none_can_set_one_up_and_stop_mail(
    visitor: Visitor, sessions: Sessions
) -> None:
    visitor.be(sessions, Role.SENDER)
    with transaction(sessions) as session:
        rules.change(
            session,
            idle_minutes=30,
            longest_hours=12,
            second_factor_required=True,
            actor="test",
            now=datetime.now(UTC),
        )
    assert visitor.open("/console/queue/").location == FACTORS
    assert "Everybody needs a second factor" in visitor.open(FACTORS).text
    assert visitor.send("/console/queue/pause-all").location == "/console/queue/"
    assert visitor.send("/console/queue/release-all").location == FACTORS
    with sessions() as session:
        assert "bulk.held" in session.scalars(select(AuditEntry.action)).all()


def test_accounts_change_only_after_a_fresh_proof_which_then_does_what_was_asked(
    visitor: Visitor, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
        ben = make_operator(session, role=Role.EDITOR, password_hash="x")
    visitor.sign_in(ada.email)
    make_login_old(sessions)
    path = f"/console/operators/{ben.id}/role"
    asked = visitor.send(path, role="sender")
    assert asked.status_code == 403
    assert "Is it still you?" in asked.text
    assert '<input type="hidden" name="role" value="sender">' in asked.text
    target = re.search(r'action="(/console/confirm[^"]+)"', asked.text)
    assert target
    fields = {"role": "sender", "sudo_again": "1"}
    wrong = visitor.send(target[1], sudo_password="not it", **fields)
    assert wrong.status_code == 422
    assert 'name="role" value="sender"' in wrong.text
    right = visitor.send(target[1], sudo_password=PASSWORD, **fields)
    assert (right.status_code, right.location) == (307, path)
    done = visitor.send(right.location, **fields, sudo_password=PASSWORD)
    assert done.status_code == 302
    with sessions() as session:
        assert session.get_one(Operator, ben.id).role is Role.SENDER


def test_the_red_button_never_asks_for_a_proof(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.SENDER)
    make_login_old(sessions, minutes=25)
    visitor.send("/console/queue/pause-all")
    assert "Everything is held" in flash(visitor.open("/console/queue/"))


def test_another_administrator_resets_a_lost_factor_and_nobody_their_own(
    visitor: Visitor, sessions: Sessions, ada: tuple[Operator, list[str]]
) -> None:
    me = visitor.be(sessions, Role.ADMIN)
    visitor.send(f"/console/operators/{me.id}/reset-second-factor")
    assert "another administrator" in flash(visitor.open("/console/operators/"))
    visitor.send(f"/console/operators/{ada[0].id}/reset-second-factor")
    fresh = Visitor(visitor.client.application.test_client())
    assert fresh.sign_in(ada[0].email).location == "/console/"


def _challenge(given: dict[str, dict[str, str]]) -> bytes:
    text = given["options"]["challenge"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
