"""pictures are looked at before mails show them; feeds of readers who have left end"""

import sqlalchemy as sa
from alembic import op

from service.migrations import concurrently

revision = "0035"
down_revision = "0027"


def upgrade() -> None:
    if concurrently.lacks_column("articles", "picture_due_at"):
        _add()
    # Few rows, and none is written twice: a reader's feed ends with leaving from now on.
    op.execute("UPDATE subscriptions SET feed_on = false WHERE feed_on AND state <> 'active'")
    concurrently.create_index(
        "ix_articles_picture_due", "articles", ["picture_due_at"], where="picture_due_at IS NOT NULL"
    )


def _add() -> None:
    # Constant defaults write no row. What is there already was shown before and stays as it is.
    op.add_column("articles", sa.Column("picture_due_at", sa.DateTime(timezone=True)))
    op.add_column(
        "articles", sa.Column("picture_tries", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column("articles", sa.Column("picture_seen_at", sa.DateTime(timezone=True)))
    op.add_column("articles", sa.Column("picture_problem", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_index("ix_articles_picture_due", "articles")
    for name in ("picture_problem", "picture_seen_at", "picture_tries", "picture_due_at"):
        op.drop_column("articles", name)
