"""Every console route asks who is there; every link in a mail leads to a route."""

import re
from datetime import datetime

from flask.testing import FlaskClient

from service.bootstrap import Runtime

#: Console pages that a person without an account must be able to open.
OPEN = {
    "/console/login",
    "/console/login/second",
    "/console/login/passkey",
    "/console/forgotten",
    "/console/password/<token>",
    "/console/invitation/<token>",
}


def test_every_console_route_refuses_a_stranger(client: FlaskClient) -> None:
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/console")]
    assert len(rules) > 10
    for rule in rules:
        if rule.rule in OPEN:
            continue
        first_choice = re.sub(r"<any\((\w+).*?\):\w+>", r"\1", rule.rule)
        path = re.sub(r"<(?:\w+:)?\w+>", "1", first_choice)
        for method in rule.methods & {"GET", "POST"}:
            response = client.open(path, method=method)
            assert response.status_code in {302, 303, 400, 401, 403}, f"{method} {path}"
            if response.status_code in {302, 303}:
                assert "/console/login" in response.location, f"{method} {path}"


def test_every_page_behind_a_token_is_kept_from_caches_and_search_engines(client: FlaskClient) -> None:
    rules = [rule for rule in client.application.url_map.iter_rules() if "<token>" in rule.rule]
    assert len(rules) > 8
    for rule in rules:
        for method in rule.methods & {"GET", "POST"}:
            answer = client.open(rule.rule.replace("<token>", "x.y"), method=method)
            assert answer.headers["X-Robots-Tag"] == "noindex", rule.rule
            assert answer.headers["Cache-Control"] == "no-store", rule.rule
            assert answer.headers["Referrer-Policy"] == "no-referrer", rule.rule


def test_every_link_in_a_mail_leads_to_a_route(runtime: Runtime, client: FlaskClient, now: datetime) -> None:
    links = runtime.links
    addresses = [
        links.newsletter("courier"),
        links.confirm(subscription_id=1, generation=1, at=now),
        links.never_again(subscription_id=1),
        links.preferences(subscription_id=1),
        links.manage(subscription_id=1, mark=5, at=now),
        links.new_address(change_id=1, at=now),
        links.old_address(change_id=1, at=now),
        links.unsubscribe(subscription_id=1, mailing_id=2),
        links.click(article_id=1, mailing_id=2, slot=3),
        links.blast_click(mailing_id=2, number=1, variant=0),
        links.invitation(operator_id=1, generation=1, at=now),
        links.new_password(operator_id=1, mark="0123456789abcdef", at=now),
        links.console(),
        links.view(mailing_id=1, message_id=2),
        links.own_feed(subscription_id=1, generation=1),
        links.archive("courier"),
        links.latest("courier"),
        links.edition("courier", period="2026-W48"),
        links.blast("courier", blast_id=1),
        links.topic("courier", topic="science"),
        links.popular("courier"),
    ]
    urls = client.application.url_map.bind("localhost")
    for address in addresses:
        endpoint, _ = urls.match(address.removeprefix(links.base_url))
        assert endpoint
