"""Redis and PostgreSQL that are killed, restarted, frozen, emptied, cut off or made read-only under way."""

import signal
import time

from tests.faults.run import Run

#: Seconds per message at the oracle, so that there is a middle.
SLOW = 0.03


def _under_way(run: Run) -> None:
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 50))


def redis_killed(run: Run) -> None:
    """Kill Redis and start it again."""
    _under_way(run)
    run.world.members["valkey"].kill()
    time.sleep(run.dice.uniform(0.5, 4))
    run.world.restart("valkey")
    run.fault_is_over()


def redis_away_at_enqueue(run: Run) -> None:
    """Redis is down when the work is to be announced; the rows are there all the same."""
    run.world.relay.script(delay=0.005)
    run.world.members["valkey"].kill()
    run.wake()
    time.sleep(1)
    run.world.restart("valkey")
    run.fault_is_over()


def redis_flushed(run: Run) -> None:
    """Lose everything that Redis holds, bindings and all."""
    run.go(delay=SLOW)
    run.world.valkey.flushall()
    run.under_way(run.dice.randrange(1, 50))
    run.world.valkey.flushall()
    run.fault_is_over()


def redis_frozen(run: Run) -> None:
    """Redis does not answer for a while, and hangs nobody up."""
    _under_way(run)
    run.world.members["valkey"].signal(signal.SIGSTOP)
    time.sleep(run.dice.uniform(3, 12))
    run.world.members["valkey"].signal(signal.SIGCONT)
    run.fault_is_over()


def postgres_killed(run: Run) -> None:
    """Kill PostgreSQL and let it recover."""
    _under_way(run)
    run.world.members["postgres"].signal(signal.SIGQUIT)
    run.world.members["postgres"].wait()
    time.sleep(run.dice.uniform(0.2, 3))
    run.world.restart("postgres")
    run.fault_is_over()


def postgres_restarted(run: Run) -> None:
    """Restart PostgreSQL in an orderly way, as an upgrade does: it ends every session and closes."""
    _under_way(run)
    run.world.members["postgres"].stop()
    run.world.restart("postgres")
    run.fault_is_over()


def connections_reset(run: Run) -> None:
    """Cut every connection to the database, several times."""
    _under_way(run)
    for _ in range(3):
        run.world.admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'broadsheet' AND pid <> pg_backend_pid()"
        )
        time.sleep(run.dice.uniform(0.05, 0.5))
    run.fault_is_over()


def postgres_read_only(run: Run) -> None:
    """The database answers and takes no writes, like a replica after a failover."""
    _under_way(run)
    run.world.admin("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    time.sleep(run.dice.uniform(1, 4))
    run.world.admin("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
    run.fault_is_over()


def rows_locked(run: Run) -> None:
    """Somebody else holds locks on half of the ledger, in another order, and then gives up."""
    run.go(delay=SLOW)
    run.under_way(3)
    with run.world.runtime.sessions() as session:
        session.connection().exec_driver_sql(
            "SELECT 1 FROM messages WHERE mod(id, 2) = 0 AND state IN ('sending', 'planned') "
            "ORDER BY id DESC FOR UPDATE SKIP LOCKED"
        )
        time.sleep(run.dice.uniform(0.5, 3))
        session.rollback()
    run.fault_is_over()
