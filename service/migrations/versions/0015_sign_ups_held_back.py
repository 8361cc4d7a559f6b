"""sign-ups held back: what held them, by network and hour; one reminder for each that waits"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0021"

HELD = ("address", "suppressed", "role", "network", "newsletter", "decoy", "haste", "nonce")


def _held() -> sa.Enum:
    return sa.Enum(*HELD, name="held", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    # Without a default: no row is written again.
    op.add_column("subscriptions", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_subscriptions_pending",
        "subscriptions",
        ["requested_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.add_column(
        "newsletters",
        sa.Column("signups_per_minute", sa.BigInteger(), server_default="300", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_newsletters_signups_per_minute"), "newsletters", "signups_per_minute BETWEEN 1 AND 100000"
    )
    op.add_column("signup_attempts", sa.Column("held_by", _held(), nullable=True))
    op.create_index(
        "ix_signup_attempts_newsletter",
        "signup_attempts",
        ["newsletter_id", "at"],
        postgresql_where=sa.text("mailed"),
    )
    op.create_table(
        "signup_refusals",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("held_by", _held(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "hour", "newsletter_id", "network", "held_by", name=op.f("pk_signup_refusals")
        ),
    )


def downgrade() -> None:
    op.drop_table("signup_refusals")
    op.drop_index("ix_signup_attempts_newsletter", table_name="signup_attempts")
    op.drop_column("signup_attempts", "held_by")
    op.drop_column("newsletters", "signups_per_minute")
    op.drop_index("ix_subscriptions_pending", table_name="subscriptions")
    op.drop_column("subscriptions", "reminded_at")
