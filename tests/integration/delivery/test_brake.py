"""The ear of a sender: what it costs when there is no place for it, and when it is cut off."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import sessionmaker

from service.db import Sessions, transaction
from service.delivery import brake
from service.delivery.brake import Brake

_EARS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"


@pytest.fixture
def narrow(database_url: str) -> Iterator[Engine]:
    """A pool with one place, that nobody waits for."""
    engine = create_engine(database_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    yield engine
    engine.dispose()


def test_a_pool_without_a_free_place_costs_the_ear_and_not_the_sending(narrow: Engine) -> None:
    with narrow.connect(), closing(Brake(sessionmaker(narrow))) as deaf:
        deaf.listen()
        assert deaf.pulled_at == 0.0


def test_an_ear_takes_no_place_of_the_pool_and_leaves_nothing_open(narrow: Engine) -> None:
    with closing(Brake(sessionmaker(narrow))) as ear:
        ear.listen()
        with narrow.connect() as connection:
            assert connection.scalar(text(_EARS)) == 1
    with narrow.connect() as connection:
        assert connection.scalar(text(_EARS)) == 0


def test_an_ear_that_is_cut_off_is_heard_once_and_is_no_error(
    committing: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with closing(Brake(committing)) as ear:
        ear.listen()
        with transaction(committing) as session:
            session.execute(text(_EARS.replace("count(*)", "pg_terminate_backend(pid)")))
        end = time.monotonic() + 5
        while "has closed the connection" not in caplog.text and time.monotonic() < end:
            assert ear.pulled_at >= 0.0
        assert ear.pulled_at > 0.0, "what has happened since the last look is not known any more"
        silent = ear.pulled_at
        with transaction(committing) as session:
            brake.pull(session)
        assert ear.pulled_at == silent
    assert [each.message for each in caplog.records if each.levelno >= logging.ERROR] == []
