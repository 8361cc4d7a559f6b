"""layouts and picture sizes: a newsletter chooses how its digests are set; pictures keep the size their feed gives"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("newsletters", sa.Column("layout", sa.String(length=32), server_default="lead", nullable=False))
    op.create_check_constraint(
        op.f("ck_newsletters_layout"), "newsletters", "layout IN ('lead', 'rows', 'compact', 'text')"
    )
    # Nullable and without a default: no article is written again.
    op.add_column("articles", sa.Column("image_width", sa.BigInteger(), nullable=True))
    op.add_column("articles", sa.Column("image_height", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("articles", "image_height")
    op.drop_column("articles", "image_width")
    op.drop_constraint(op.f("ck_newsletters_layout"), "newsletters", type_="check")
    op.drop_column("newsletters", "layout")
