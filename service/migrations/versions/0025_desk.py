"""readers of the slots ahead, counted; polls of sources; decisions about categories that can be undone"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0035"

RHYTHM = sa.Enum(
    "daily",
    "weekdays",
    "weekly",
    "fortnightly",
    "monthly",
    "enough",
    "first",
    name="rhythm",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def _tally(name: str, *keys: sa.Column) -> None:
    newsletter = sa.ForeignKey("newsletters.id", ondelete="CASCADE", name=f"fk_{name}_newsletter_id_newsletters")
    op.create_table(
        name,
        sa.Column("newsletter_id", sa.BigInteger(), newsletter, nullable=False),
        sa.Column("rhythm", RHYTHM, nullable=False),
        *keys,
        sa.Column("readers", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("newsletter_id", *(["rhythm"] + [key.name for key in keys]), name=f"pk_{name}"),
    )


def upgrade() -> None:
    _tally(
        "slot_tallies",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_at", sa.DateTime(timezone=True), nullable=False),
    )
    _tally("reader_tallies", sa.Column("topic_id", sa.BigInteger(), nullable=False))
    op.create_table(
        "source_polls",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_source_polls"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], ondelete="CASCADE", name="fk_source_polls_source_id_sources"
        ),
    )
    op.create_index("ix_source_polls_source", "source_polls", ["source_id", "id"])
    op.create_index("ix_source_polls_at", "source_polls", ["at"])
    op.create_index(
        "ix_subscriptions_rare_rhythms",
        "subscriptions",
        ["newsletter_id", "rhythm", "id"],
        postgresql_where=sa.text("state = 'active' AND rhythm IN ('fortnightly', 'monthly')"),
    )
    for column in (
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column(
            "was_topic_id",
            sa.BigInteger(),
            sa.ForeignKey("topics.id", name="fk_category_mappings_was_topic_id_topics"),
            nullable=True,
        ),
        sa.Column("was_ignored", sa.Boolean(), server_default="false", nullable=False),
    ):
        op.add_column("category_mappings", column)


def downgrade() -> None:
    for name in ("was_ignored", "was_topic_id", "decided_by", "decided_at"):
        op.drop_column("category_mappings", name)
    op.drop_index("ix_subscriptions_rare_rhythms", "subscriptions")
    for table in ("source_polls", "reader_tallies", "slot_tallies"):
        op.drop_table(table)
