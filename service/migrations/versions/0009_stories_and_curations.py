"""stories: near duplicates and editors' wishes; readers' own ceilings and excluded topics"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("articles", sa.Column("story_id", sa.BigInteger(), nullable=True))
    op.add_column("articles", sa.Column("pulled_at", INSTANT, nullable=True))
    # Before this there was no way to pull them; their mails have left or expired long ago.
    op.execute("UPDATE articles SET pulled_at = withdrawn_at WHERE withdrawn_at IS NOT NULL")
    op.create_index(
        "ix_articles_withdrawn", "articles", ["withdrawn_at"], postgresql_where=sa.text("withdrawn_at IS NOT NULL")
    )
    op.add_column(
        "articles", sa.Column("story_due", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.create_index(
        "ix_articles_story_due", "articles", ["newsletter_id", "id"], postgresql_where=sa.text("story_due")
    )
    op.create_index(
        "ix_articles_story", "articles", ["story_id"], postgresql_where=sa.text("story_id IS NOT NULL")
    )
    op.create_table(
        "story_signatures",
        sa.Column("article_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("bands", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("text_key", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_story_signatures_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_story_signatures")),
    )
    op.create_index("ix_story_signatures_text", "story_signatures", ["newsletter_id", "text_key"])
    op.create_table(
        "curations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "pin", "boost", "exclude", name="curationkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("boost", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'boost') = (boost <> 0)", name=op.f("ck_curations_boost")),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletters.id"], name=op.f("fk_curations_newsletter_id_newsletters")
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_curations_article_id_articles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_curations_topic_id_topics")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curations")),
    )
    op.create_index(op.f("ix_curations_article_id"), "curations", ["article_id"])
    op.create_index("ix_curations_in_force", "curations", ["newsletter_id", "expires_at"])
    op.add_column(
        "subscriptions",
        sa.Column(
            "excluded_topic_ids", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False
        ),
    )
    op.add_column(
        "subscriptions", sa.Column("explore", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.add_column("subscriptions", sa.Column("max_items", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_subscriptions_max_items"), "subscriptions", "max_items BETWEEN 1 AND 14"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_subscriptions_max_items"), "subscriptions")
    op.drop_column("subscriptions", "max_items")
    op.drop_column("subscriptions", "explore")
    op.drop_column("subscriptions", "excluded_topic_ids")
    op.drop_table("curations")
    op.drop_table("story_signatures")
    op.drop_index("ix_articles_story", "articles")
    op.drop_index("ix_articles_story_due", "articles")
    op.drop_index("ix_articles_withdrawn", "articles")
    op.drop_column("articles", "pulled_at")
    op.drop_column("articles", "story_due")
    op.drop_column("articles", "story_id")
