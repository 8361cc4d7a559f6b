"""what a newsletter's sign-up form begins with, and which topic another was merged into"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0023"


def upgrade() -> None:
    # Both tables are small, and a constant default rewrites nothing.
    op.add_column(
        "newsletters", sa.Column("default_rhythm", sa.String(length=32), server_default="weekly", nullable=False)
    )
    op.add_column(
        "newsletters",
        sa.Column("default_weekday", sa.BigInteger(), server_default=sa.text("5"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_newsletters_default_weekday"), "newsletters", "default_weekday BETWEEN 1 AND 7"
    )
    op.create_check_constraint(
        op.f("ck_newsletters_rhythm"),
        "newsletters",
        "default_rhythm IN ('daily', 'weekdays', 'weekly', 'fortnightly', 'monthly', 'enough', 'first')",
    )
    op.add_column("topics", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_topics_merged_into_id_topics"),
        "topics",
        "topics",
        ["merged_into_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    op.drop_column("topics", "merged_into_id")
    op.drop_column("newsletters", "default_weekday")
    op.drop_column("newsletters", "default_rhythm")
