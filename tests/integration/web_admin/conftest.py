"""A visitor for every test of the console."""

import pytest
from flask.testing import FlaskClient

from service.operators import passwords
from tests.integration.web_admin.browsing import Visitor


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in without the 30 ms that make guessing dear; tests/unit/operators holds us to those."""
    quick = passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", quick)
