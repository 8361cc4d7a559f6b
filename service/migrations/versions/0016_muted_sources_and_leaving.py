"""what readers mute, why they leave, and a change of address that waits for its confirmation"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.migrations import concurrently

revision = "0016"
down_revision = "0015"

KINDS = (
    "requested", "confirmed", "announcements_on", "announcements_off", "preferences_changed", "paused",
    "resumed", "unsubscribed", "never_again",
)
NEW_KINDS = (*KINDS, "returned", "address_changed")
REASONS = ("too_many", "not_interesting", "elsewhere", "never_asked", "other")


def upgrade() -> None:
    if concurrently.lacks_column("subscriptions", "left_because"):
        _add()
    concurrently.validate("subscriptions", "ck_subscriptions_leavingreason")
    concurrently.validate("consent_events", "ck_consent_events_consentkind")
    concurrently.create_index(
        "ix_subscriptions_left",
        "subscriptions",
        ["newsletter_id", "left_because"],
        where="left_because IS NOT NULL",
    )


def _add() -> None:
    # A constant default, and a column that may be empty: no row is written again, also with a million readers.
    op.add_column(
        "subscriptions",
        sa.Column("excluded_source_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
    )
    op.add_column("subscriptions", sa.Column("left_because", sa.String(length=32)))
    # The rows that are there are read through afterwards, without holding anybody up.
    op.execute(
        "ALTER TABLE subscriptions ADD CONSTRAINT ck_subscriptions_leavingreason "
        f"CHECK (left_because IN ({_listed(REASONS)})) NOT VALID"
    )
    _let_kinds_be(NEW_KINDS)
    op.create_table(
        "address_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"],
            name="fk_address_changes_subscriber_id_subscribers", ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_address_changes"),
    )
    op.create_index("ix_address_changes_subscriber_id", "address_changes", ["subscriber_id"])
    op.create_index("ix_address_changes_email_key", "address_changes", ["email_key", "asked_at"])
    op.create_index("ix_address_changes_asked_at", "address_changes", ["asked_at"])


def downgrade() -> None:
    op.drop_table("address_changes")
    op.execute("ALTER TABLE consent_events DISABLE TRIGGER append_only")
    op.execute("DELETE FROM consent_events WHERE kind IN ('returned', 'address_changed')")
    op.execute("ALTER TABLE consent_events ENABLE TRIGGER append_only")
    _let_kinds_be(KINDS)
    op.execute("ALTER TABLE consent_events VALIDATE CONSTRAINT ck_consent_events_consentkind")
    op.drop_index("ix_subscriptions_left", "subscriptions")
    op.drop_column("subscriptions", "left_because")
    op.drop_column("subscriptions", "excluded_source_ids")


def _let_kinds_be(kinds: tuple[str, ...]) -> None:
    op.execute("ALTER TABLE consent_events DROP CONSTRAINT ck_consent_events_consentkind")
    op.execute(
        "ALTER TABLE consent_events ADD CONSTRAINT ck_consent_events_consentkind "
        f"CHECK (kind IN ({_listed(kinds)})) NOT VALID"
    )


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
