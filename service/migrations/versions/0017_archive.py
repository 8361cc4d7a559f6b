"""the archive: public editions, switches for newsletters and blasts, and private feeds of readers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "public_editions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm", sa.String(length=32), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cutoff_seq", sa.BigInteger(), nullable=False),
        sa.Column("article_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "rhythm IN ('daily', 'weekdays', 'weekly', 'fortnightly', 'monthly', 'enough', 'first')",
            name=op.f("ck_public_editions_rhythm"),
        ),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], name=op.f("fk_public_editions_newsletter_id_newsletters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_editions")),
        sa.UniqueConstraint("newsletter_id", "period", name=op.f("uq_public_editions_newsletter_id_period")),
    )
    op.create_index("ix_public_editions_slot", "public_editions", ["newsletter_id", "slot_at", "id"])
    op.add_column("newsletters", sa.Column("archive_public", sa.Boolean(), server_default="true", nullable=False))
    # What was sent before there was an archive was not written for the public; constant defaults write no row.
    op.add_column("blasts", sa.Column("in_archive", sa.Boolean(), server_default="false", nullable=False))
    op.alter_column("blasts", "in_archive", server_default="true")
    op.create_index(
        "ix_blasts_archive",
        "blasts",
        ["newsletter_id", "started_at", "id"],
        postgresql_where=sa.text("in_archive AND state = 'sent'"),
    )
    op.add_column("subscriptions", sa.Column("feed_on", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("subscriptions", sa.Column("feed_generation", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("subscriptions", "feed_generation")
    op.drop_column("subscriptions", "feed_on")
    op.drop_index("ix_blasts_archive", table_name="blasts")
    op.drop_column("blasts", "in_archive")
    op.drop_column("newsletters", "archive_public")
    op.drop_table("public_editions")
