"""blasts of blocks, with a first line, and a version that tells two operators apart"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("blasts", sa.Column("preheader", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "blasts",
        sa.Column("blocks", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    )
    op.add_column("blasts", sa.Column("version", sa.BigInteger(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("blasts", "version")
    op.drop_column("blasts", "blocks")
    op.drop_column("blasts", "preheader")
