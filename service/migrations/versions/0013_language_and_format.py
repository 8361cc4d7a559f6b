"""language and format are chosen per subscription: a person may read one newsletter in German, another in English"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # Constant defaults: no row is written again, also with a million readers.
    op.add_column("subscriptions", sa.Column("locale", sa.Text(), server_default="en", nullable=False))
    op.add_column("subscriptions", sa.Column("plain_text", sa.Boolean(), server_default="false", nullable=False))
    op.execute(
        "UPDATE subscriptions AS s SET locale = n.locale FROM newsletters AS n "
        "WHERE n.id = s.newsletter_id AND n.locale <> 'en'"
    )
    op.drop_column("subscribers", "locale")


def downgrade() -> None:
    op.add_column("subscribers", sa.Column("locale", sa.Text(), server_default="en", nullable=False))
    op.drop_column("subscriptions", "plain_text")
    op.drop_column("subscriptions", "locale")
