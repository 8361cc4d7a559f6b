"""Hostile text typed into every form of the console: an answer, never a failure."""

import re

import pytest

from service.bootstrap import Runtime
from service.db import Sessions, transaction
from service.operators import setup
from service.operators.models import Role
from tests.factories import make_newsletter, make_source
from tests.integration.web_admin.browsing import Visitor

FIELDS = (
    *("name", "slug", "tagline", "home_url", "privacy_url", "accent", "locale", "time_zone", "email"),
    *("reply_to", "postal_address", "description", "min_items", "max_items", "default_hour", "sender_id"),
    *(
        "current",
        "password",
        "role",
        "login",
        "code",
        "setup",
        "passkey",
        "passkey_challenge",
        "sudo_password",
    ),
)
SETUP_FIELDS = (
    *("operator_name", "operator_email", "password", "newsletter_name", "tagline", "home_url"),
    *("sender_name", "sender_email", "postal_address", "topics", "feed_url"),
)
NASTY = [
    "\0",
    "a\0b@x.example",
    "\ud83d",
    "x" * 2000,
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "\r\nBcc: a@b.c",
]


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_in_any_form_is_an_answer_and_never_a_failure(
    visitor: Visitor, sessions: Sessions, text: str
) -> None:
    visitor.be(sessions, Role.EDITOR)
    text = text.encode("utf-8", "replace").decode()
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        source = make_source(session, newsletter)
    base = f"/console/newsletters/{newsletter.id}"
    fields = dict.fromkeys(FIELDS, text)
    for path in (
        "/console/newsletters/new",
        base,
        f"{base}/branding/",
        f"{base}/topics/",
        f"{base}/topics/{newsletter.topics[0].id}",
        "/console/senders/new",
        f"/console/senders/{newsletter.sender_id}",
        f"/console/sources/{source.id}",
        "/console/account/name",
        "/console/account/password",
        "/console/account/logins/end",
        "/console/account/second-factor/app",
        "/console/account/second-factor/passkeys",
        "/console/confirm",
        "/console/forgotten",
        "/console/login",
        "/console/login/passkey",
        "/console/login/second",
    ):
        answer = visitor.send(path, **fields, url=text)
        assert answer.status_code in {302, 404, 422}, path
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize("text", NASTY)
def test_hostile_text_in_the_set_up_makes_nothing(
    visitor: Visitor, runtime: Runtime, sessions: Sessions, text: str
) -> None:
    path = f"/setup/{setup.setup_token(runtime.settings)}"
    fields = dict.fromkeys(SETUP_FIELDS, text.encode("utf-8", "replace").decode())
    answer = visitor.send(path, page=path, **fields)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    with sessions() as session:
        assert setup.is_open(session)


def test_ids_that_no_row_can_have_lead_nowhere(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.ADMIN)
    rules = list(visitor.client.application.url_map.iter_rules())
    numbered = [rule for rule in rules if "<int:" in rule.rule and "GET" in (rule.methods or ())]
    assert len(numbered) > 10
    for rule in numbered:
        path = re.sub(r"<int:[^>]+>", str(2**63), rule.rule).replace("<page>", "blast")
        assert visitor.client.get(path).status_code == 404, path
