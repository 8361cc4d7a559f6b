"""A visitor for every test of the console."""

import pytest
from flask.testing import FlaskClient

from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)
