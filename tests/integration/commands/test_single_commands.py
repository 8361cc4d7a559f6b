"""Commands that run beside the processes: what they print, for people and for machines, and how they end."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service import cli
from service.clock import utc_now
from service.db import Sessions, transaction
from service.errors import NotFound, StartupError
from service.operators import accounts, factors, passwords, queries
from service.operators import sessions as logins
from service.operators.models import OperatorSession, Role, Totp
from service.ops import heartbeats

ADA = "ada@courier.example"
OLD = "over the old bridge"


@pytest.fixture
def configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, committing: Sessions
) -> Sessions:
    values = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "PUBLIC_URL": "https://news.example.org",
        "SECRET_KEY": "a key that is only ever used in tests",
        "BROADSHEET_CONFIG": str(tmp_path / "none.toml"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return committing


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.cli, arguments)


def test_an_operator_made_on_the_command_line_can_sign_in(configured: Sessions) -> None:
    made = json.loads(run("operator", "create", ADA, "--name", "Ada", "--json").stdout)
    assert made["console"] == "https://news.example.org/console/"
    with configured() as session:
        ada = queries.find_by_email(session, ADA)
        assert ada is not None
        assert passwords.verify(ada.password_hash, made["password"])
    (row,) = json.loads(run("operator", "list", "--json").stdout)
    assert (row["email"], row["role"], row["state"]) == (ADA, "admin", "active")
    assert ADA in run("operator", "list").stdout


def test_a_new_password_ends_the_old_one_and_every_login(configured: Sessions) -> None:
    now = datetime.now(UTC)
    with transaction(configured) as session:
        ada = accounts.create(
            session,
            email=ADA,
            name="Ada",
            role=Role.ADMIN,
            password="over the old bridge",
            actor="test",
            now=now,
        )
        logins.start(session, ada, ip=None, now=now)
    told = json.loads(run("operator", "password", ADA.upper(), "--json").stdout)
    with configured() as session:
        ada = queries.get(session, told["id"])
        assert passwords.verify(ada.password_hash, told["password"])
        assert not passwords.verify(ada.password_hash, OLD)
        assert session.query(OperatorSession).filter_by(ended_at=None).count() == 0
    assert isinstance(run("operator", "password", "ben@courier.example").exception, NotFound)


def test_a_lost_second_factor_is_reset_on_the_command_line(configured: Sessions) -> None:
    now = datetime.now(UTC)
    number = json.loads(run("operator", "create", ADA, "--json").stdout)["id"]
    with transaction(configured) as session:
        session.add(Totp(operator_id=number, sealed_secret=b"x", added_at=now, last_step=1))
    assert f"Operator {number}" in run("operator", "reset-factor", ADA).stdout
    with configured() as session:
        assert not factors.of(session, number).any
    assert isinstance(run("operator", "reset-factor", "ben@courier.example").exception, NotFound)


@pytest.mark.parametrize(("age", "status"), [(timedelta(0), 0), (timedelta(minutes=1), 1)])
def test_health_tells_a_silent_worker_from_a_living_one(
    configured: Sessions, age: timedelta, status: int
) -> None:
    with transaction(configured) as session:
        seen = utc_now() - age
        name = heartbeats.process_name("worker")
        heartbeats.beat(session, name=name, kind="worker", started_at=seen, now=seen)
    done = run("health", "worker", "--json")
    assert (done.exit_code, json.loads(done.stdout)["alive"]) == (status, status == 0)
    assert run("health", "beat").exit_code == 1


def test_health_says_so_when_nobody_can_tell(configured: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    error = run("health", "worker").exception
    assert isinstance(error, StartupError)
    assert "database does not answer" in str(error)
    assert run("health", "web", "--port", "1").exit_code == 1
