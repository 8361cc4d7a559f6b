"""Every link in a mail leads somewhere: to a page of ours that exists, or to what somebody wrote."""

import re

import pytest
from flask.testing import FlaskClient

from service.emails.rendering import render
from tests.emails.markup import Mail
from tests.emails.samples import BASE, HEAD
from tests.emails.variants import EVERY

#: Of the newsletter's own site, and of the blast.
FOREIGN = {
    HEAD.home_url,
    "https://harbourpost.example.org/open-evening?from=mail",
    "mailto:desk@harbourpost.example.org",
}


@pytest.mark.parametrize("name", EVERY)
def test_every_link_of_a_mail_has_a_page(name: str, client: FlaskClient) -> None:
    routes = client.application.url_map.bind("localhost")
    for link in Mail(render(EVERY[name]).html).links - FOREIGN:
        path = link.removeprefix(BASE).partition("#")[0].partition("?")[0]
        endpoint, values = routes.match(path, method="GET")
        assert (endpoint, bool(values)) != ("static", True)


def test_the_parts_of_pages_that_mails_lead_to_are_there(client: FlaskClient) -> None:
    anchors = {link.partition("#")[2] for mail in EVERY.values() for link in Mail(render(mail).html).links}
    pages = client.application.jinja_loader
    assert pages is not None
    sources = [pages.get_source(client.application.jinja_env, name)[0] for name in pages.list_templates()]
    there = {found for source in sources for found in re.findall(r'\bid="([\w-]+)"', source)}
    assert anchors - {""} - there == set()
    assert len(anchors) == 4
