"""A reader without scripts, for tests of the pages."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service.bootstrap import Runtime
from service.newsletters.models import Newsletter
from service.subscribers.models import Subscription
from service.tokens import Purpose

ANN = "ann@example.org"


@dataclass
class Reader:
    """A person with a browser that has no scripts: opens a page, fills in its form, presses the button."""

    client: FlaskClient
    runtime: Runtime

    def token_on(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(path).text)
        assert found, f"{path} has no form"
        return found[1]

    def post(self, path: str, form: dict[str, object] | None = None, *, page: str = "") -> TestResponse:
        return self.client.post(path, data={**(form or {}), "csrf_token": self.token_on(page or path)})

    def sign_up(self, newsletter: Newsletter, **values: object) -> TestResponse:
        path = f"/n/{newsletter.slug}"
        return self.post(path, self.filled_in(newsletter) | values)

    def filled_in(self, newsletter: Newsletter, *, seconds_ago: int = 10) -> dict[str, object]:
        moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
        return {
            "email": ANN,
            "topics": [str(newsletter.topics[0].id)],
            "rhythm": "weekly",
            "weekday": "5",
            "hour": "7",
            "time_zone": "Europe/Berlin",
            "nonce": self.runtime.tokens.make(
                Purpose.FORM, [newsletter.id, int(moment.timestamp())], at=moment
            ),
        }


def field_of(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found, f"the page has no field {name}"
    return found[1]


def path_of(url: str) -> str:
    return url.removeprefix("http://localhost:8000")


def fresh(session: Session) -> Subscription:
    """The only subscription, as the database has it now."""
    session.expire_all()
    return session.scalars(select(Subscription)).one()
