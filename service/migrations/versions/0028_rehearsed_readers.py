"""An index of those who would get an edition, so that a dry run reads no others.

Of a million readers it takes a second and 30 MB; the table is not rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_subscriptions_rehearsed",
        "subscriptions",
        ["newsletter_id", "rhythm", "id"],
        postgresql_where=sa.text("state = 'active' AND first_digest_pending IS false"),
    )


def downgrade() -> None:
    op.drop_index("ix_subscriptions_rehearsed", "subscriptions")
