"""more rhythms: weekdays, every two weeks, and when enough waits"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

_BEFORE = ("daily", "weekly", "monthly", "first")
_NOW = ("daily", "weekdays", "weekly", "fortnightly", "monthly", "enough", "first")


def upgrade() -> None:
    for table in ("editions", "subscriptions"):
        _allow(table, _NOW)
    op.add_column(
        "subscriptions",
        sa.Column("enough_items", sa.BigInteger(), server_default=sa.text("5"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_subscriptions_enough_items"), "subscriptions", "enough_items BETWEEN 1 AND 14"
    )
    op.add_column("runs", sa.Column("waiting", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    # A mailing is found by what its edition is, before there is one: preferences ask whether a reader is in it.
    op.execute(
        "UPDATE mailings SET cause = concat_ws(' ', 'edition', newsletter_id, rhythm, period) "
        "FROM editions WHERE mailing_id = mailings.id"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE mailings SET cause = concat_ws(' ', 'edition', editions.id) "
        "FROM editions WHERE mailing_id = mailings.id"
    )
    op.drop_column("runs", "waiting")
    op.drop_constraint(op.f("ck_subscriptions_enough_items"), "subscriptions", type_="check")
    op.drop_column("subscriptions", "enough_items")
    # Whoever chose what there was not before gets the nearest that there was.
    op.execute("UPDATE subscriptions SET rhythm = 'daily' WHERE rhythm IN ('weekdays', 'enough')")
    op.execute("UPDATE subscriptions SET rhythm = 'weekly' WHERE rhythm = 'fortnightly'")
    op.execute(
        "DELETE FROM runs USING editions WHERE edition_id = editions.id "
        "AND rhythm IN ('weekdays', 'fortnightly', 'enough')"
    )
    op.execute("DELETE FROM editions WHERE rhythm IN ('weekdays', 'fortnightly', 'enough')")
    for table in ("editions", "subscriptions"):
        _allow(table, _BEFORE)


def _allow(table: str, rhythms: tuple[str, ...]) -> None:
    """Rewrite the check without reading the table: what is in it is among these."""
    name = op.f(f"ck_{table}_rhythm")
    op.drop_constraint(name, table, type_="check")
    values = ", ".join(f"'{rhythm}'" for rhythm in rhythms)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (rhythm IN ({values})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
