"""pieces have rows of their own, which recipes name: a recipe is a few hundred bytes instead of three thousand"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

_HASH = "CAST(CAST('x' || left(encode(sha256(convert_to({}, 'UTF8')), 'hex'), 16) AS bit(64)) AS bigint)"


def upgrade() -> None:
    op.create_table(
        "pieces",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pieces")),
    )
    op.add_column(
        "recipes",
        sa.Column("piece_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
    )
    # What is planned goes out as it was planned; its sections stay in its content.
    op.execute(
        f"INSERT INTO pieces SELECT DISTINCT {_HASH.format('written')}, written, CAST('{{}}' AS jsonb), now() "
        "FROM recipes, unnest(pieces) AS written"
    )
    op.execute(
        f"UPDATE recipes SET piece_ids = ARRAY(SELECT {_HASH.format('written')} "
        "FROM unnest(pieces) WITH ORDINALITY AS each (written, place) ORDER BY place) WHERE pieces <> '{}'"
    )
    op.drop_column("recipes", "pieces")
    op.drop_index("ix_recipes_articles", table_name="recipes")
    _index_due("newsletter_id", "next_due_at", "id")


def downgrade() -> None:
    _index_due("newsletter_id", "next_due_at", "topic_ids", "id")
    op.create_index("ix_recipes_articles", "recipes", ["article_ids"], postgresql_using="gin")
    op.add_column(
        "recipes", sa.Column("pieces", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.execute(
        "UPDATE recipes SET pieces = ARRAY(SELECT written "
        "FROM unnest(piece_ids) WITH ORDINALITY AS each (piece_id, place) "
        "JOIN pieces ON pieces.id = piece_id ORDER BY place) WHERE piece_ids <> '{}'"
    )
    op.drop_column("recipes", "piece_ids")
    op.drop_table("pieces")


def _index_due(*columns: str) -> None:
    op.drop_index("ix_subscriptions_due", table_name="subscriptions")
    op.create_index(
        "ix_subscriptions_due",
        "subscriptions",
        list(columns),
        postgresql_where=sa.text("state = 'active'"),
    )
