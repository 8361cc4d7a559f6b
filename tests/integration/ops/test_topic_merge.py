"""Merging two topics: readers of one get what they would have got, as readers of the other, and once."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from service.articles.models import ArticleTopic, CategoryMapping, Source
from service.audit import AuditEntry
from service.blasts.models import Blast, BlastState, Segment
from service.db import Sessions, transaction
from service.digests import due, planning
from service.digests.due import DueReader
from service.digests.models import Curation, CurationKind
from service.errors import Conflict
from service.newsletters import queries, topics
from service.newsletters.models import Newsletter, Topic
from service.ops import topic_merge
from service.reports.models import TopicTally
from service.subscribers.models import Subscription
from tests.factories import make_source, make_subscription
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_newsletter,
    make_stories,
    settle,
)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session, topics=("Energy", "Climate", "Travel"))


def three(newsletter: Newsletter) -> tuple[Topic, Topic, Topic]:
    """Energy is merged into Climate; Travel looks on."""
    gone, kept, other = newsletter.topics
    return gone, kept, other


def merge(session: Session, newsletter: Newsletter) -> topic_merge.Plan:
    gone, kept, _ = three(newsletter)
    return merged(session, gone, kept)


def merged(session: Session, gone: Topic, kept: Topic) -> topic_merge.Plan:
    begun = topic_merge.begin(session, gone.id, kept.id, actor="operator 1", now=NOW)
    session.commit()
    assert topic_merge.go_on(sessions_of(session), now=NOW)
    session.expire_all()
    return begun


def sessions_of(session: Session) -> Sessions:
    """Sessions of the same outer transaction."""
    return sessionmaker(session.get_bind(), join_transaction_mode="create_savepoint", expire_on_commit=False)


def choices(session: Session, subscription: Subscription) -> tuple[list[int], list[int]]:
    session.refresh(subscription)
    return subscription.topic_ids, subscription.excluded_topic_ids


def test_choices_and_exclusions_go_along_once_each_and_in_order(
    session: Session, newsletter: Newsletter
) -> None:
    gone, kept, other = three(newsletter)

    def reader(chosen: list[Topic], excluded: list[Topic]) -> Subscription:
        ids = sorted(each.id for each in chosen)
        return make_subscription(
            session, newsletter, topic_ids=ids, excluded_topic_ids=sorted(each.id for each in excluded)
        )

    only, both = reader([gone], [other]), reader([gone, kept, other], [])
    refuses = reader([other], [gone, kept])
    torn, torn_too = reader([gone], [kept]), reader([kept], [gone])
    untouched = reader([other], [kept])
    done = merge(session, newsletter)

    assert choices(session, only) == ([kept.id], [other.id])
    assert choices(session, both) == (sorted([kept.id, other.id]), [])
    assert choices(session, refuses) == ([other.id], [kept.id])
    assert choices(session, torn) == choices(session, torn_too) == ([kept.id], [])
    assert choices(session, untouched) == ([other.id], [kept.id])
    counted = done.followers
    assert (counted.following, counted.both, counted.excluding, counted.against) == (3, 1, 2, 2)


def test_nobody_gets_anything_twice_and_nobody_misses_what_was_under_way(
    session: Session, sessions: Sessions, newsletter: Newsletter
) -> None:
    gone, kept, _ = three(newsletter)
    old_gone = make_stories(session, newsletter, count=4, topic=gone)
    old_kept = make_stories(session, newsletter, count=4, first_seq=11, topic=kept)
    settle(session, old_gone[0], kept, seq=20)
    of_gone = make_due(session, newsletter, topic_ids=[gone.id], explore=False)
    of_kept = make_due(session, newsletter, topic_ids=[kept.id], explore=False)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW)

    # Settled after the first digest and before the merge: news to who followed the topic, and to the others.
    fresh = make_stories(session, newsletter, count=3, first_seq=31, topic=gone)
    merge(session, newsletter)
    later = make_stories(session, newsletter, count=1, first_seq=41, topic=kept)
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=NOW + timedelta(days=7))

    new = {article.id for article in (*fresh, *later)}
    first, second = articles_of(session, of_gone)
    assert (set(first), set(second)) == ({article.id for article in old_gone}, new)
    first, second = articles_of(session, of_kept)
    assert set(first) == {article.id for article in (*old_kept, old_gone[0])}
    assert set(second) == new


def test_an_article_of_both_keeps_the_later_number(session: Session, newsletter: Newsletter) -> None:
    gone, kept, _ = three(newsletter)
    [article] = make_stories(session, newsletter, count=1, first_seq=9, topic=gone)
    [other] = make_stories(session, newsletter, count=1, first_seq=8, topic=gone)
    settle(session, article, kept, seq=3)
    settle(session, other, kept, seq=12)
    merge(session, newsletter)
    rows = session.execute(
        select(ArticleTopic.article_id, ArticleTopic.topic_id, ArticleTopic.eligible_seq)
    ).all()
    assert set(rows) == {(article.id, kept.id, 9), (other.id, kept.id, 12)}


def test_everything_that_names_the_topic_names_the_other(session: Session, newsletter: Newsletter) -> None:
    gone, kept, other = three(newsletter)
    source = make_source(session, newsletter, default_topic_id=gone.id)
    mapping = CategoryMapping(
        newsletter_id=newsletter.id,
        category_key="power",
        category="Power",
        topic_id=gone.id,
        first_seen_at=NOW,
    )
    segment = Segment(
        newsletter_id=newsletter.id,
        name="Readers",
        definition={"topics_any": [gone.id, kept.id], "topics_none": [other.id]},
        created_at=NOW,
    )
    blast = Blast(
        newsletter_id=newsletter.id, state=BlastState.DRAFT, topic_ids=[gone.id], created_by=1, created_at=NOW
    )
    sent = Blast(
        newsletter_id=newsletter.id, state=BlastState.SENT, topic_ids=[gone.id], created_by=1, created_at=NOW
    )
    session.add_all([mapping, segment, blast, sent])
    stories = make_stories(session, newsletter, count=2, topic=gone)
    for article, topic in ((stories[0], gone), (stories[1], gone), (stories[1], kept)):
        session.add(
            Curation(
                newsletter_id=newsletter.id,
                article_id=article.id,
                topic_id=topic.id,
                kind=CurationKind.PIN,
                reason="r",
                made_by="operator 1",
                made_at=NOW,
                expires_at=NOW + timedelta(days=1),
            )
        )
    for topic in (gone, kept):
        session.add(TopicTally(topic_id=topic.id, day=NOW.date(), people=3, machines=1))
    session.flush()
    version = blast.version
    merge(session, newsletter)

    assert session.get_one(Source, source.id).default_topic_id == kept.id
    assert session.get_one(CategoryMapping, mapping.id).topic_id == kept.id
    assert segment.definition == {"topics_any": [kept.id], "topics_none": [other.id]}
    assert (blast.topic_ids, blast.version) == ([kept.id], version + 1)
    assert sent.topic_ids == [gone.id]
    in_force = session.scalars(select(Curation).where(Curation.ended_at.is_(None))).all()
    assert sorted((each.article_id, each.topic_id) for each in in_force) == sorted(
        (article.id, kept.id) for article in stories
    )
    tally = session.scalars(select(TopicTally)).one()
    assert (tally.topic_id, tally.people, tally.machines) == (kept.id, 6, 2)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "topic.merged")).one()
    assert (entry.subject, entry.after["into"]) == (f"topic {gone.id}", "Climate")


def test_an_audience_that_would_contradict_itself_stands_against_the_merge(
    session: Session, newsletter: Newsletter
) -> None:
    gone, kept, _ = three(newsletter)
    session.add(
        Segment(
            newsletter_id=newsletter.id,
            name="Not both",
            definition={"topics_any": [gone.id], "topics_none": [kept.id]},
            created_at=NOW,
        )
    )
    session.flush()
    with pytest.raises(Conflict, match="“Not both” asks for one"):
        merge(session, newsletter)


def test_a_topic_goes_neither_into_itself_nor_into_a_closed_one(
    session: Session, newsletter: Newsletter
) -> None:
    gone, kept, _ = three(newsletter)
    with pytest.raises(Conflict, match="into itself"):
        topic_merge.begin(session, gone.id, gone.id, actor="operator 1", now=NOW)
    topics.archive(session, kept, actor="operator 1", now=NOW)
    with pytest.raises(Conflict, match="is closed"):
        topic_merge.begin(session, gone.id, kept.id, actor="operator 1", now=NOW)


def test_an_old_name_leads_on_through_every_merge(session: Session, newsletter: Newsletter) -> None:
    gone, kept, other = three(newsletter)
    merge(session, newsletter)
    merged(session, kept, other)
    assert queries.find_offered(newsletter, gone.slug) is other
    topics.restore(session, gone, actor="operator 1", now=NOW)
    assert queries.find_offered(newsletter, gone.slug) is gone


def test_closing_says_who_would_have_nothing_left(session: Session, newsletter: Newsletter) -> None:
    gone, kept, _ = three(newsletter)
    make_subscription(session, newsletter, topic_ids=[gone.id])
    make_subscription(session, newsletter, topic_ids=[gone.id, kept.id])
    topics.archive(session, kept, actor="operator 1", now=NOW)
    session.flush()
    closing = topic_merge.closing(session, gone)
    assert (closing.following, closing.stranded) == (2, 2)
    assert topic_merge.stranded(session, newsletter) == 0
    topics.archive(session, gone, actor="operator 1", now=NOW)
    session.flush()
    assert topic_merge.stranded(session, newsletter) == 2


def test_a_merge_that_was_cut_off_goes_on_where_it_was(
    session: Session, sessions: Sessions, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept, _ = three(newsletter)
    make_stories(session, newsletter, count=1, topic=gone)
    readers = [make_subscription(session, newsletter, topic_ids=[gone.id]) for _ in range(3)]
    topic_merge.begin(session, gone.id, kept.id, actor="operator 1", now=NOW)
    session.commit()
    monkeypatch.setattr(topic_merge, "SLICE", 1)
    assert not topic_merge.go_on(sessions, now=NOW, seconds=-1)
    with pytest.raises(Conflict, match="being merged"):
        topics.archive(session, gone, actor="operator 1", now=NOW)

    assert topic_merge.go_on(sessions, now=NOW)
    assert topic_merge.go_on(sessions, now=NOW)
    session.expire_all()
    assert [choices(session, each)[0] for each in readers] == [[kept.id]] * 3
    assert session.scalars(select(ArticleTopic.topic_id)).all() == [kept.id]
    assert gone.archived_at == NOW


def test_a_topic_that_takes_another_over_can_neither_close_nor_leave_before_that_is_done(
    session: Session, newsletter: Newsletter
) -> None:
    # The order of ids matters: merges are worked off in it, and the second link would come first.
    kept, other, gone = newsletter.topics
    reader = make_subscription(session, newsletter, topic_ids=[gone.id])
    topic_merge.begin(session, gone.id, kept.id, actor="operator 1", now=NOW)
    with pytest.raises(Conflict, match="Another topic is being merged into it"):
        topics.archive(session, kept, actor="operator 2", now=NOW)
    with pytest.raises(Conflict, match="being merged just now"):
        topic_merge.begin(session, kept.id, other.id, actor="operator 2", now=NOW)
    session.commit()
    assert topic_merge.go_on(sessions_of(session), now=NOW)
    merged(session, kept, other)
    assert choices(session, reader)[0] == [other.id]


def test_two_operators_who_merge_two_topics_into_each_other_at_once_make_no_circle(
    committing: Sessions,
) -> None:
    with transaction(committing) as session:
        one, other, _ = (topic.id for topic in make_newsletter(session, topics=("A", "B", "C")).topics)
    with committing() as late:
        # The page has read both before the other operator pressed.
        assert not queries.get_topic(late, one).is_merging
        assert not queries.get_topic(late, other).is_merging
        with transaction(committing) as session:
            topic_merge.begin(session, one, other, actor="operator 1", now=NOW)
        with pytest.raises(Conflict, match="being merged just now"):
            topic_merge.begin(late, other, one, actor="operator 2", now=NOW)
    with committing() as late:
        kept = queries.get_topic(late, other)
        assert topic_merge.go_on(committing, now=NOW)
        assert topic_merge.go_on(committing, now=NOW)
        late.rollback()
        topics.archive(late, kept, actor="operator 2", now=NOW)


def test_who_signs_up_does_not_wait_for_a_merge_that_ends(committing: Sessions) -> None:
    with transaction(committing) as session:
        newsletter_id = make_newsletter(session, topics=("A", "B")).id
    with committing() as ending:
        topics.lock(ending, queries.get(ending, newsletter_id))
        with transaction(committing) as session:
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            make_subscription(session, queries.get(session, newsletter_id))


def test_a_choice_that_was_read_before_a_topic_closed_and_saved_after_it_goes_along(
    session: Session, newsletter: Newsletter
) -> None:
    gone, kept, other = three(newsletter)
    merge(session, newsletter)
    late = make_subscription(session, newsletter, topic_ids=sorted([gone.id, other.id]))
    session.commit()
    assert topic_merge.go_on(sessions_of(session), now=NOW)
    session.expire_all()
    assert choices(session, late)[0] == sorted([kept.id, other.id])


def test_what_nobody_remembers_having_sent_stays_out_after_a_merge(
    session: Session, sessions: Sessions, newsletter: Newsletter
) -> None:
    gone, kept, _ = three(newsletter)
    fresh = make_stories(session, newsletter, count=4, first_seq=11, topic=kept)
    stale = make_stories(session, newsletter, count=2, topic=gone)
    session.execute(
        update(ArticleTopic)
        .where(ArticleTopic.topic_id == gone.id)
        .values(settled_at=NOW - timedelta(weeks=20))
    )
    for article in stale:
        settle(session, article, kept, seq=20)
    reader = make_due(session, newsletter, topic_ids=[kept.id], explore=False)
    merge(session, newsletter)
    planning.plan_due(sessions, links=LINKS, now=NOW)
    [received] = articles_of(session, reader)
    assert set(received) == {article.id for article in fresh}


def test_readers_who_move_between_two_slices_of_planning_take_their_articles_along(
    session: Session, sessions: Sessions, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept, _ = three(newsletter)
    of_gone = make_stories(session, newsletter, count=4, topic=gone)
    of_kept = make_stories(session, newsletter, count=4, first_seq=11, topic=kept)
    readers = [make_due(session, newsletter, topic_ids=[gone.id], explore=False) for _ in range(2)]
    session.commit()
    monkeypatch.setattr(planning, "SLICE", 1)
    lock_slice, calls = due.lock_slice, count()

    def merge_before_the_second(at: Session, newsletter_id: int, **values: Any) -> list[DueReader]:
        if next(calls) == 1:
            merged(session, gone, kept)
        return lock_slice(at, newsletter_id, **values)

    monkeypatch.setattr(due, "lock_slice", merge_before_the_second)
    planning.plan_due(sessions, links=LINKS, now=NOW)
    assert set(*articles_of(session, readers[0])) == {article.id for article in of_gone}
    assert set(*articles_of(session, readers[1])) == {article.id for article in (*of_gone, *of_kept)}


def test_a_blast_under_way_to_the_topic_is_waited_for(session: Session, newsletter: Newsletter) -> None:
    gone, _, _ = three(newsletter)
    session.add(
        Blast(
            newsletter_id=newsletter.id,
            subject="Today",
            state=BlastState.SCHEDULED,
            topic_ids=[gone.id],
            created_by=1,
            created_at=NOW,
        )
    )
    session.flush()
    with pytest.raises(Conflict, match="“Today” goes to readers of this topic and is under way"):
        merge(session, newsletter)
