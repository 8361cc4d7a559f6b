"""messages that kill their worker; claims go on where they left off"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("messages", sa.Column("crashes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.drop_index("ix_messages_due", table_name="messages")
    op.create_index(
        "ix_messages_due",
        "messages",
        ["mailing_id", "due_at", "id"],
        postgresql_where=sa.text("state IN ('planned', 'deferred')"),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_due", table_name="messages")
    op.create_index(
        "ix_messages_due",
        "messages",
        ["mailing_id", "due_at"],
        postgresql_where=sa.text("state IN ('planned', 'deferred')"),
    )
    op.drop_column("messages", "crashes")
