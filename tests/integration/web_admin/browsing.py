"""A person at the console: opens pages, sends forms with the token the page gave, logs in."""

import re
from datetime import UTC, datetime

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service.db import Sessions, transaction
from service.operators import passwords
from service.operators import sessions as logins
from service.operators.models import Operator, Role
from tests.factories import make_operator

PASSWORD = "a quiet harbour town"
LOGIN_COOKIE = "broadsheet-login"


class Visitor:
    """Keeps cookies between requests, as a browser does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def open(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    def send(self, path: str, *, page: str = "/console/account/", **fields: object) -> TestResponse:
        """Post a form with the CSRF token of a page."""
        return self.client.post(path, data={"csrf_token": self.token(page), **fields})

    def token(self, page: str) -> str:
        found = re.search(r'"X-CSRFToken": "([^"]+)"', self.client.get(page, follow_redirects=True).text)
        assert found, f"{page} gave no token"
        return found[1]

    def sign_in(self, email: str, password: str = PASSWORD, *, target: str = "") -> TestResponse:
        path = "/console/login" + (f"?next={target}" if target else "")
        return self.send(path, email=email, password=password)

    def be(self, sessions: Sessions, role: Role) -> Operator:
        """Be an operator of this role, logged in without the time a password takes."""
        with transaction(sessions) as session:
            operator = make_operator(session, role=role, password_hash="unused", name=role.capitalize())
            token = logins.start(session, operator, ip="127.0.0.1", now=datetime.now(UTC))
        self.client.set_cookie(LOGIN_COOKIE, token)
        return operator


def with_password(session: Session, *, role: Role = Role.ADMIN, **values: object) -> Operator:
    """Make an operator who can type a password."""
    return make_operator(session, role=role, password_hash=passwords.make_hash(PASSWORD), **values)


def flash(response: TestResponse) -> str:
    """Return what the page says was done."""
    return " ".join(re.findall(r'role="status"><p>(.*?)</p>', response.text))
