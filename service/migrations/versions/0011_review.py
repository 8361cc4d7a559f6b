"""review: new editions may wait for an operator's approval"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column(
        "newsletters",
        sa.Column("review_minutes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_newsletters_review_minutes"), "newsletters", "review_minutes BETWEEN 0 AND 2880"
    )
    op.add_column("editions", sa.Column("review_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_editions_review", "editions", ["review_until"], postgresql_where=sa.text("review_until IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_editions_review", table_name="editions")
    op.drop_column("editions", "review_until")
    op.drop_constraint(op.f("ck_newsletters_review_minutes"), "newsletters", type_="check")
    op.drop_column("newsletters", "review_minutes")
