"""Who gets into the console, by which door, and for how long."""

import re
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from service.app import create_app
from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import accounts
from service.operators.models import LoginFailure, Operator, OperatorSession, Role
from tests.factories import make_operator
from tests.integration.web_admin.browsing import LOGIN_COOKIE, PASSWORD, Visitor, with_password

OPEN = ("console_entrance.", "console_second_step.", "console_forgotten.")
#: One's own: everybody may.
OWN = ("/console/account/", "/console/confirm", "/console/kept/")
#: Posted so that no log has the address; it changes nothing.
LOOKS = ("/console/readers/search",)
_SAMPLES = {"IntegerConverter": "1", "AnyConverter": None}


def routes(client: FlaskClient) -> list[tuple[str, str]]:
    """Every (method, path) under /console but the doors, with sample values."""
    found = []
    for rule in client.application.url_map.iter_rules():
        if rule.rule.startswith("/console") and not rule.endpoint.startswith(OPEN):
            path = re.sub(r"<any\(([a-z_]+)[^>]*>", r"\1", rule.rule)
            path = re.sub(r"<[^>]+>", "1", path)
            found += [(method, path) for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE"})]
    return found


def test_no_page_of_the_console_opens_without_a_login(client: FlaskClient, visitor: Visitor) -> None:
    token = visitor.token("/console/login")
    paths = routes(client)
    assert len(paths) > 30
    for method, path in paths:
        response = client.open(path, method=method, data={"csrf_token": token} if method == "POST" else None)
        assert response.status_code == 302, (method, path)
        assert response.location.startswith("/console/login"), (method, path)


def test_no_form_of_the_console_works_without_its_token(
    client: FlaskClient, visitor: Visitor, sessions: Sessions
) -> None:
    visitor.be(sessions, Role.ADMIN)
    posts = [path for method, path in routes(client) if method == "POST"]
    assert len(posts) > 15
    for path in [*posts, "/console/login", "/console/logout"]:
        assert client.post(path, data={"name": "x"}).status_code == 400, path


def test_a_viewer_sees_pages_and_changes_nothing(
    client: FlaskClient, visitor: Visitor, sessions: Sessions
) -> None:
    visitor.be(sessions, Role.VIEWER)
    token = visitor.token("/console/newsletters/")
    for method, path in routes(client):
        if method == "POST" and not path.startswith((*OWN, *LOOKS)):
            response = client.post(path, data={"csrf_token": token})
            assert response.status_code == 403, path
            assert "role does not allow" in response.text
    assert visitor.open("/console/newsletters/").status_code == 200
    assert visitor.open("/console/operators/").status_code == 403
    assert "Operators" not in visitor.open("/console/newsletters/").text


def test_login_leads_on_to_the_page_that_was_asked_for(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    asked = visitor.open("/console/senders/")
    assert asked.location == "/console/login?next=/console/senders/"
    answer = visitor.sign_in(ada.email, target="/console/senders/")
    assert (answer.status_code, answer.location) == (302, "/console/senders/")
    assert visitor.open("/console/senders/").status_code == 200


def test_login_leads_nowhere_outside(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    answer = visitor.sign_in(ada.email, target="https://evil.example/")
    assert answer.location.startswith("/console/")


def test_the_login_cookie_is_kept_from_scripts_and_other_sites(runtime: Runtime, sessions: Sessions) -> None:
    settings = runtime.settings.model_copy(
        update={"public_url": type(runtime.settings.public_url)("https://localhost/")}
    )
    app = create_app(runtime.with_(settings=settings))
    client = app.test_client()
    with transaction(sessions) as session:
        ada = with_password(session)
    https = {"base_url": "https://localhost"}
    token = re.search(r'"X-CSRFToken": "([^"]+)"', client.get("/console/login", **https).text)
    assert token
    answer = client.post(
        "/console/login",
        data={"csrf_token": token[1], "email": ada.email, "password": PASSWORD},
        headers={"Referer": "https://localhost/console/login"},
        **https,
    )
    cookies = [
        text for text in answer.headers.getlist("Set-Cookie") if text.startswith("__Host-broadsheet-login=")
    ]
    assert len(cookies) == 1
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookies[0]
    assert "Domain" not in cookies[0]


def test_a_login_renews_both_tokens(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    before = visitor.token("/console/login")
    visitor.client.set_cookie(LOGIN_COOKIE, "planted")
    visitor.sign_in(ada.email)
    cookie = visitor.client.get_cookie(LOGIN_COOKIE)
    assert cookie is not None
    assert cookie.value != "planted"
    old = visitor.client.post("/console/account/name", data={"csrf_token": before, "name": "Eve"})
    assert old.status_code == 400


@pytest.mark.parametrize("email", ["nobody@courier.example", "known@courier.example"])
def test_unknown_and_wrong_get_the_same_page(visitor: Visitor, sessions: Sessions, email: str) -> None:
    with transaction(sessions) as session:
        with_password(session, email="known@courier.example")
    answer = visitor.sign_in(email, "not the password")
    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert f'value="{email}"' in answer.text
    assert "not the password" not in answer.text


def test_too_many_wrong_passwords_are_told_to_wait(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    for _ in range(5):
        assert visitor.sign_in(ada.email, "not the password").status_code == 422
    answer = visitor.sign_in(ada.email)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Please wait" in answer.text
    with sessions() as session:
        assert session.scalar(select(func.count(LoginFailure.id))) == 5


def test_logging_out_ends_the_login_on_the_server(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.EDITOR)
    kept = visitor.client.get_cookie(LOGIN_COOKIE)
    assert kept is not None
    visitor.send("/console/logout", page="/console/newsletters/")
    visitor.client.set_cookie(LOGIN_COOKIE, kept.value)
    assert visitor.open("/console/newsletters/").status_code == 302


def test_a_disabled_operator_is_out_with_the_next_click(visitor: Visitor, sessions: Sessions) -> None:
    operator = visitor.be(sessions, Role.EDITOR)
    assert visitor.open("/console/newsletters/").status_code == 200
    with transaction(sessions) as session:
        accounts.disable(
            session, session.get_one(Operator, operator.id), actor="test", now=operator.created_at
        )
    assert visitor.open("/console/newsletters/").status_code == 302


def test_a_fragment_sends_the_whole_page_to_the_login(visitor: Visitor) -> None:
    answer = visitor.open("/console/sources/", HX_Request="true")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/console/login")


def test_an_invitation_is_accepted_once_and_logs_in(
    visitor: Visitor, sessions: Sessions, runtime: Runtime
) -> None:
    with transaction(sessions) as session:
        ada = make_operator(session)
        ben = accounts.invite(
            session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=ada, now=ada.created_at
        )
    link = runtime.links.invitation(operator_id=ben.id, generation=1, at=datetime.now(UTC))
    path = link.removeprefix(runtime.links.base_url)
    page = visitor.open(path)
    assert "ben@courier.example" in page.text
    weak = visitor.send(path, page=path, name="Benjamin", password="short")
    assert weak.status_code == 422
    assert "at least 12" in weak.text
    assert 'value="Benjamin"' in weak.text
    done = visitor.send(path, page=path, name="Benjamin", password="over the old bridge")
    assert done.status_code == 302
    assert "Welcome, Benjamin" in visitor.open("/console/newsletters/").text
    again = visitor.open(path)
    assert again.status_code == 404
    assert "used already" in again.text
    assert visitor.open(path[:-3]).status_code == 404


def test_changing_the_password_ends_other_logins_but_not_this_one(
    visitor: Visitor, sessions: Sessions
) -> None:
    with transaction(sessions) as session:
        ada = with_password(session)
    elsewhere = Visitor(visitor.client.application.test_client())
    elsewhere.sign_in(ada.email)
    visitor.sign_in(ada.email)
    page = "/console/account/"
    wrong = visitor.send(page + "password", page=page, current="wrong", password="a storm over the pier")
    assert (wrong.status_code, "not your current password" in wrong.text) == (422, True)
    visitor.send(page + "password", page=page, current=PASSWORD, password="a storm over the pier")
    assert visitor.open(page).status_code == 200
    assert elsewhere.open(page).status_code == 302


def test_log_out_everywhere_leaves_no_login(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.EDITOR)
    visitor.send("/console/account/log-out-everywhere", page="/console/account/")
    with sessions() as session:
        live = select(OperatorSession).where(OperatorSession.ended_at.is_(None))
        assert session.scalars(live).all() == []


def test_console_pages_are_never_stored(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.VIEWER)
    for path in ("/console/login", "/console/newsletters/"):
        assert visitor.open(path).headers["Cache-Control"] == "no-store"
