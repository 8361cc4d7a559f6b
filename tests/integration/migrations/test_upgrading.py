"""Upgrading a database that is in use, by several processes, and after an upgrade that was killed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, make_url, text

from service.db import make_engine
from service.migrations import schema


class KilledError(Exception):
    """In place of a signal."""


@contextmanager
def dying_after(words: str) -> Iterator[None]:
    """Let every process die that has run a statement with these words."""

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if words in statement:
            raise KilledError

    event.listen(Engine, "after_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", die)


@pytest.fixture
def fresh(postgres_url: str) -> Iterator[Engine]:
    """A database of its own on the same server."""
    server = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE upgraded"))
    engine = make_engine(make_url(postgres_url).set(database="upgraded").render_as_string(False))
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE upgraded"))
    server.dispose()


def test_processes_that_upgrade_at_once_wait_for_each_other(fresh: Engine) -> None:
    url = fresh.url.render_as_string(False)
    with ThreadPoolExecutor(3) as pool:
        for upgrade in [pool.submit(schema.upgrade, url) for _ in range(3)]:
            upgrade.result(timeout=60)
    with fresh.connect() as connection:
        assert schema.differences(connection) == []
        assert connection.scalar(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) == 0


@pytest.mark.parametrize("index", ["ix_subscriptions_left", "ix_clicks_article"])
def test_an_upgrade_that_was_killed_while_an_index_was_built_goes_on(fresh: Engine, index: str) -> None:
    url = fresh.url.render_as_string(False)
    with dying_after(f"INDEX CONCURRENTLY IF NOT EXISTS {index}"), pytest.raises(KilledError):
        schema.upgrade(url)
    with fresh.begin() as connection:
        half = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(:name)"
        assert connection.execute(text(half), {"name": index}).rowcount == 1
    schema.upgrade(url)
    with fresh.connect() as connection:
        assert schema.differences(connection) == []
        assert connection.scalar(text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")) == 0
