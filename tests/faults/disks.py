"""Disks that are full: the database's rows, its log, and the workers' journals (row 10 of the matrix)."""

import time

from tests.faults import audience
from tests.faults.processes import until
from tests.faults.run import Run

#: Seconds per message at the oracle, so that there is a middle.
SLOW = 0.03

# The error that PostgreSQL raises when a table cannot grow; the log of the database has room still.
_RAISE = (
    "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
)
NO_ROOM = (
    _RAISE,
    *(
        f"CREATE OR REPLACE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
        for table in ("messages", "attempts", "relays", "heartbeats")
    ),
)


def tables_full(run: Run) -> None:
    """No row can be written any more, and every one can be read."""
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 50))
    run.world.admin(*NO_ROOM)
    time.sleep(run.dice.uniform(0.5, 4))
    run.world.admin(audience.ROOM)
    run.fault_is_over()


def log_full(run: Run) -> None:
    """PostgreSQL cannot write its log, panics and stays down until there is room."""
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 50))
    postgres = run.world.members["postgres"]
    postgres.limit_files(8192)
    until(lambda: not postgres.alive, seconds=20, sentence="PostgreSQL lives on without a log.")
    time.sleep(run.dice.uniform(0.2, 2))
    run.world.restart("postgres")
    run.fault_is_over()


def journals_full(run: Run) -> None:
    """Workers cannot write down that a dot goes out, so none may go; the database is well."""
    workers = [run.world.members[name] for name in ("threads", "prefork")]
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 50))
    # From "not even its first line" to "in the middle of some line".
    size = run.dice.choice([16, run.dice.randrange(60, 2000)])
    for worker in workers:
        worker.limit_files(size)
    time.sleep(run.dice.uniform(0.5, 3))
    for worker in workers:
        worker.limit_files(None)
    run.fault_is_over()
