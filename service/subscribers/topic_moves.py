"""What becomes of readers when a topic ends: who follows it, who has nothing else, and moving them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Followers:
    """Active readers of one newsletter, counted by what two topics are to them."""

    #: Chose the one that ends; and of these, chose the other as well.
    following: int
    both: int
    #: Excluded the one that ends.
    excluding: int
    #: Chose one of the two and excluded the other: what was chosen wins.
    against: int


_COUNT = """
    SELECT count(*) FILTER (WHERE topic_ids @> g.gone),
        count(*) FILTER (WHERE topic_ids @> g.gone AND topic_ids @> g.kept),
        count(*) FILTER (WHERE excluded_topic_ids @> g.gone),
        count(*) FILTER (WHERE topic_ids @> g.gone AND excluded_topic_ids @> g.kept
                         OR topic_ids @> g.kept AND excluded_topic_ids @> g.gone)
    FROM subscriptions,
        (SELECT CAST(:gone AS bigint[]) AS gone, CAST(:kept AS bigint[]) AS kept) AS g
    WHERE {which} AND state = 'active' AND (topic_ids @> g.gone OR excluded_topic_ids @> g.gone)
    """
_COUNT_ALL = text(_COUNT.format(which="newsletter_id = :newsletter_id"))
_COUNT_SOME = text(_COUNT.format(which="id = ANY(CAST(:ids AS bigint[]))"))


def count(session: Session, newsletter_id: int, gone: int, kept: int) -> Followers:
    """Count whom a merge of one topic into another would reach."""
    values = {"newsletter_id": newsletter_id, "gone": [gone], "kept": [kept]}
    return Followers(*session.execute(_COUNT_ALL, values).one())


def count_among(session: Session, subscription_ids: Sequence[int], gone: int, kept: int) -> Followers:
    """Count the same among some readers only."""
    values = {"ids": list(subscription_ids), "gone": [gone], "kept": [kept]}
    return Followers(*session.execute(_COUNT_SOME, values).one())


def count_following(session: Session, newsletter_id: int, topic_id: int) -> int:
    """Count the active readers who chose a topic."""
    query = text(
        "SELECT count(*) FROM subscriptions WHERE newsletter_id = :newsletter_id AND state = 'active' "
        "AND topic_ids @> ARRAY[CAST(:topic_id AS bigint)]"
    )
    return int(session.execute(query, {"newsletter_id": newsletter_id, "topic_id": topic_id}).scalar_one())


# Once each and sorted, as everybody who reads these arrays expects; nobody excludes what they chose.
_MOVE = """
    UPDATE subscriptions SET
        topic_ids = ARRAY(
            SELECT DISTINCT one FROM unnest(array_replace(topic_ids, m.gone, m.kept)) AS one ORDER BY one),
        excluded_topic_ids = ARRAY(
            SELECT DISTINCT one FROM unnest(array_replace(excluded_topic_ids, m.gone, m.kept)) AS one
            WHERE one <> m.kept OR NOT topic_ids && ARRAY[m.gone, m.kept] ORDER BY one)
    FROM (SELECT CAST(:gone AS bigint) AS gone, CAST(:kept AS bigint) AS kept) AS m
    WHERE {which} AND (topic_ids @> ARRAY[m.gone] OR excluded_topic_ids @> ARRAY[m.gone])
    """
_MOVE_ALL = text(_MOVE.format(which="newsletter_id = :newsletter_id"))
_MOVE_SOME = text(_MOVE.format(which="id = ANY(CAST(:ids AS bigint[]))"))


def followers(session: Session, topic_id: int) -> Sequence[int]:
    """Return every subscription that names a topic, in whatever state, in the order in which to move them."""
    query = text("SELECT id FROM subscriptions WHERE topic_ids @> ARRAY[CAST(:id AS bigint)] ORDER BY id")
    return session.scalars(query, {"id": topic_id}).all()


def move_some(session: Session, subscription_ids: Sequence[int], gone: int, kept: int) -> None:
    """Give these readers' choices and exclusions of one topic to another.

    Watermarks stay where they are: what a reader was offered once is not offered again.
    """
    session.execute(_MOVE_SOME, {"ids": list(subscription_ids), "gone": gone, "kept": kept})


def move(session: Session, newsletter_id: int, gone: int, kept: int) -> None:
    """Do the same for everybody who is left; reads all readers of the newsletter."""
    session.execute(_MOVE_ALL, {"newsletter_id": newsletter_id, "gone": gone, "kept": kept})


# By the index of topics: those who chose one of the closed ones are few beside all.
_STRANDED = """
    SELECT newsletter_id, count(*) FROM subscriptions
    WHERE state = 'active' AND {which}
      AND topic_ids && CAST(:closed AS bigint[]) AND NOT topic_ids && CAST(:open AS bigint[])
    GROUP BY newsletter_id
    """
_STRANDED_ALL = text(_STRANDED.format(which="newsletter_id = ANY(:newsletter_ids)"))
_STRANDED_SOME = text(_STRANDED.format(which="id = ANY(CAST(:ids AS bigint[]))"))


def count_stranded(
    session: Session, newsletter_ids: Collection[int], *, closed: Collection[int], open_: Collection[int]
) -> Mapping[int, int]:
    """Count, by newsletter, the active readers all of whose topics are closed: no digest finds anything."""
    if not closed:
        return {}
    values = {"newsletter_ids": list(newsletter_ids), "closed": list(closed), "open": list(open_)}
    return dict(session.execute(_STRANDED_ALL, values).all())


def count_stranded_among(
    session: Session, subscription_ids: Collection[int], *, closed: Collection[int], open_: Collection[int]
) -> int:
    """Count the same among some readers of one newsletter only."""
    values = {"ids": list(subscription_ids), "closed": list(closed), "open": list(open_)}
    return sum(n for _, n in session.execute(_STRANDED_SOME, values)) if closed else 0
