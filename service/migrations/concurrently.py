"""Indexes and checks on tables that may be big: made while everybody goes on reading and writing them.

Each is its own transaction (PostgreSQL builds no index concurrently inside another), so a migration that is
killed in between is begun again from its first line. Therefore these come last in a migration, everything
before them only where `lacks_column` says that it was not done yet; an index left half built is dropped.
"""

from collections.abc import Sequence

from alembic import op
from sqlalchemy import inspect, text

_HALF_BUILT = text(
    "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
)


def lacks_column(table: str, column: str) -> bool:
    """Say whether a migration that adds this column has still to do so."""
    return column not in {each["name"] for each in inspect(op.get_bind()).get_columns(table)}


def create_index(name: str, table: str, columns: Sequence[str], *, where: str | None = None) -> None:
    """Build an index, unless it is there. Waits for transactions that are older than itself."""
    with op.get_context().autocommit_block():
        if op.get_bind().scalar(_HALF_BUILT, {"name": name}):
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(
            name,
            table,
            columns,
            if_not_exists=True,
            postgresql_concurrently=True,
            postgresql_where=None if where is None else text(where),
        )


def validate(table: str, constraint: str) -> None:
    """Read the rows through for a check that was added as NOT VALID, without holding anybody up."""
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
