"""relays and breakers: trials and holds of relays, pauses with a reason, the red button"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("relays", sa.Column("trial_until", INSTANT, nullable=True))
    op.add_column("relays", sa.Column("held_at", INSTANT, nullable=True))
    op.add_column("relays", sa.Column("held_by", sa.Text(), nullable=True))
    op.add_column("relays", sa.Column("tries", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("relays", sa.Column("errors", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("relays", sa.Column("counted_from", INSTANT, nullable=True))
    op.add_column("mailings", sa.Column("paused_at", INSTANT, nullable=True))
    op.add_column("mailings", sa.Column("paused_by", sa.Text(), nullable=True))
    op.add_column("mailings", sa.Column("paused_reason", sa.Text(), nullable=True))
    op.create_table(
        "mailing_breakers",
        sa.Column("mailing_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcomes", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_mailing_breakers")),
    )
    op.create_table(
        "holds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_holds")),
    )


def downgrade() -> None:
    op.drop_table("holds")
    op.drop_table("mailing_breakers")
    for name in ("paused_reason", "paused_by", "paused_at"):
        op.drop_column("mailings", name)
    for name in ("counted_from", "errors", "tries", "held_by", "held_at", "trial_until"):
        op.drop_column("relays", name)
