"""Planning: who is due gets one row and one digest, whatever happens in between."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.db import Sessions
from service.delivery import mailings
from service.delivery.accounting import accounts
from service.delivery.models import Mailing, MailingState, MessageState, Stream
from service.digests import planning
from service.digests.models import Edition, Run
from service.digests.report import PlanReport
from service.newsletters.models import Rhythm
from service.popularity.models import ArticleScore
from service.recipes import composing, reading
from service.recipes.models import Recipe
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_stories,
    make_world,
    messages,
    settle,
)


def plan(sessions: Sessions, *, now=NOW) -> PlanReport:
    return planning.plan_due(sessions, links=LINKS, now=now)


def test_a_due_reader_gets_one_digest_and_is_moved_on(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter)
    session.commit()

    assert plan(sessions) == PlanReport(planned=1)

    [message] = messages(session)
    session.refresh(reader)
    assert message.state is MessageState.PLANNED
    assert message.stream is Stream.DIGEST
    assert (message.kind, message.dedupe_key) == ("digest", f"subscription {reader.id}")
    assert (message.from_seq, message.to_seq) == (0, 6)
    assert reader.watermark == 6
    assert reader.last_digest_on == date(2026, 11, 24)
    assert reader.next_due_at == NOW + timedelta(days=7)
    [edition] = session.scalars(select(Edition))
    assert (edition.rhythm, edition.period) == (Rhythm.WEEKLY, "2026-W48")
    [run] = session.scalars(select(Run))
    assert (run.slot_at, run.cutoff_seq) == (NOW, 6)
    assert run.finished_at == NOW
    mailing = session.get_one(Mailing, edition.mailing_id)
    assert mailing.cause == f"edition {newsletter.id} weekly 2026-W48"
    assert mailing.title == "The Courier · Weekly, week 48 of 2026"


def test_readers_with_equal_input_share_one_recipe(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    for _ in range(5):
        make_due(session, newsletter)
    session.commit()

    plan(sessions)

    assert session.scalar(select(func.count()).select_from(Recipe)) == 1
    assert len({message.recipe_id for message in messages(session)}) == 1
    assert len(messages(session)) == 5


def test_planning_again_changes_nothing(session: Session, sessions: Sessions) -> None:
    make_due(session, make_world(session))
    session.commit()
    plan(sessions)

    assert plan(sessions) == PlanReport()
    assert len(messages(session)) == 1


def test_a_reader_gets_articles_of_chosen_topics_and_one_that_is_different_unless_it_is_not_wanted(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    wanted = {article.id for article in make_stories(session, newsletter, count=4, topic=science)}
    others = {
        article.id for article in make_stories(session, newsletter, count=4, first_seq=10, topic=energy)
    }
    curious = make_due(session, newsletter, topic_ids=[science.id])
    strict = make_due(session, newsletter, topic_ids=[science.id], explore=False)
    session.commit()

    plan(sessions)

    assert [set(ids) for ids in articles_of(session, strict)] == [wanted]
    [article_ids] = articles_of(session, curious)
    assert set(article_ids) & wanted == wanted
    assert len(set(article_ids) & others) == 1
    recipes = session.scalars(select(Recipe).where(Recipe.article_ids == article_ids)).all()
    [item] = reading.sections(session, recipes[0])[-1]["items"]
    assert (item["reason"], isinstance(item["draw"], float)) == ("Something different: Energy", True)


def test_who_follows_only_topics_that_are_gone_does_not_get_all_the_others(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    make_stories(session, newsletter, count=6, topic=energy)
    reader = make_due(session, newsletter, topic_ids=[science.id])
    everything = make_due(session, newsletter, topic_ids=[])
    science.archived_at = NOW
    session.commit()

    assert plan(sessions) == PlanReport(planned=1, skipped=1)

    assert articles_of(session, reader) == []
    assert len(articles_of(session, everything)) == 1


def test_too_few_stories_are_a_visible_skip_and_keep_the_window_open(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=2)
    reader = make_due(session, newsletter)
    session.commit()

    assert plan(sessions) == PlanReport(skipped=1)

    [message] = messages(session)
    session.refresh(reader)
    assert (message.state, message.reason, message.to_seq) == (MessageState.SKIPPED, "too_few", None)
    assert (reader.watermark, reader.last_digest_on) == (0, None)
    make_stories(session, newsletter, count=2, first_seq=3)
    session.commit()
    plan(sessions, now=NOW + timedelta(days=7))
    assert [len(article_ids) for article_ids in articles_of(session, reader)] == [4]


def test_an_article_mapped_late_comes_with_the_next_digest(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    make_stories(session, newsletter, count=3, topic=science)
    [late] = make_stories(session, newsletter, count=1, first_seq=2, topic=energy)
    reader = make_due(session, newsletter, topic_ids=[science.id], explore=False)
    session.commit()
    plan(sessions)
    settle(session, late, science, seq=50)
    make_stories(session, newsletter, count=2, first_seq=51, topic=science)
    session.commit()

    plan(sessions, now=NOW + timedelta(days=7))

    first, second = articles_of(session, reader)
    assert late.id not in first
    assert late.id in second


def test_an_article_that_was_read_already_does_not_return_under_another_topic(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    science, energy = newsletter.topics
    read = make_stories(session, newsletter, count=3, topic=science)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    settle(session, read[0], energy, seq=50)
    make_stories(session, newsletter, count=3, first_seq=51, topic=energy)
    session.commit()

    plan(sessions, now=NOW + timedelta(days=7))

    first, second = articles_of(session, reader)
    assert read[0].id in first
    assert read[0].id not in second
    assert len(second) == 3


def test_what_many_read_comes_once_even_when_it_is_older_than_the_window(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter, watermark=6)
    hit, missed = session.scalars(select(Article).order_by(Article.id)).all()[:2]
    for article, observed in ((hit, 20), (missed, 19)):
        session.add(
            ArticleScore(
                article_id=article.id,
                score=0.8,
                sd=0.2,
                observed=observed,
                explanation="2.2 times the clicks expected",
                computed_at=NOW,
            )
        )
    make_stories(session, newsletter, count=3, first_seq=10)
    session.commit()

    plan(sessions)
    make_stories(session, newsletter, count=3, first_seq=20)
    session.commit()
    plan(sessions, now=NOW + timedelta(days=7))

    first, second = articles_of(session, reader)
    assert first[-1] == hit.id
    assert missed.id not in first
    assert hit.id not in second
    recipe = session.scalars(select(Recipe).order_by(Recipe.id)).first()
    assert recipe is not None
    assert reading.sections(session, recipe)[-1]["key"] == "missed"


def test_a_withdrawn_article_is_not_chosen(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    stories = make_stories(session, newsletter, count=4)
    stories[0].withdrawn_at = NOW
    reader = make_due(session, newsletter)
    session.commit()

    plan(sessions)

    [article_ids] = articles_of(session, reader)
    assert stories[0].id not in article_ids


def test_a_paused_reader_gets_no_row_and_waits_for_the_end_of_the_pause(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter, paused_until=date(2026, 12, 10))
    session.commit()

    assert plan(sessions) == PlanReport(paused=1)

    session.refresh(reader)
    assert messages(session) == []
    # The first Tuesday on or after 10 December.
    assert reader.next_due_at == NOW + timedelta(days=21)
    assert reader.watermark == 0


def test_a_pause_that_is_over_holds_nobody_back(session: Session, sessions: Sessions) -> None:
    make_due(session, make_world(session), paused_until=date(2026, 11, 24))
    session.commit()

    assert plan(sessions) == PlanReport(planned=1)


def test_a_newsletter_that_may_not_send_yet_loses_nobodys_slot(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    newsletter.sender.postal_address = ""
    reader = make_due(session, newsletter)
    session.commit()
    assert plan(sessions) == PlanReport()
    session.refresh(reader)
    assert reader.next_due_at == NOW

    newsletter.sender.postal_address = "1 Quay Street, Harbour"
    session.commit()

    assert plan(sessions, now=NOW + timedelta(hours=2)) == PlanReport(planned=1)


def test_after_an_outage_of_weeks_a_reader_is_caught_up_once(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter, next_due_at=NOW - timedelta(weeks=3))
    later = NOW + timedelta(days=1)
    session.commit()

    assert plan(sessions, now=later) == PlanReport(planned=1)

    session.refresh(reader)
    assert len(messages(session)) == 1
    assert session.scalars(select(Edition.period)).all() == ["2026-W48"]
    assert reader.next_due_at == NOW + timedelta(days=7)


def test_one_day_brings_one_digest_even_when_the_rhythm_changes(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    reader.rhythm, reader.hour, reader.next_due_at = Rhythm.DAILY, 11, NOW + timedelta(hours=2)
    make_stories(session, newsletter, count=5, first_seq=20)
    session.commit()

    assert plan(sessions, now=NOW + timedelta(hours=2)) == PlanReport(skipped=1)

    assert [message.reason for message in messages(session)] == ["", "already_today"]
    assert plan(sessions, now=NOW + timedelta(days=1, hours=2)) == PlanReport(planned=1)


def test_one_edition_brings_one_digest_even_when_the_weekday_changes(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    reader.weekday, reader.next_due_at = 5, NOW + timedelta(days=3)
    make_stories(session, newsletter, count=5, first_seq=20)
    session.commit()

    assert plan(sessions, now=NOW + timedelta(days=3)) == PlanReport()

    session.refresh(reader)
    assert len(messages(session)) == 1
    assert reader.watermark == 6
    assert reader.next_due_at == NOW + timedelta(days=10)


def test_a_stopped_edition_plans_nothing_more_and_says_so(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter)
    late = make_due(session, newsletter, hour=10, next_due_at=NOW + timedelta(hours=1))
    session.commit()
    plan(sessions)
    edition = session.scalars(select(Edition)).one()
    mailings.stop(session, edition.mailing_id, now=NOW)
    session.commit()

    assert plan(sessions, now=NOW + timedelta(hours=1)) == PlanReport(skipped=1)

    session.refresh(late)
    assert late.watermark == 0
    account = accounts(session, [edition.mailing_id])[edition.mailing_id]
    assert (account.skipped, account.pending, account.adds_up) == ({"stopped": 2}, 0, True)


def test_an_edition_is_planned_once_its_period_is_over_everywhere(
    session: Session, sessions: Sessions
) -> None:
    make_due(session, make_world(session, stories=1))
    session.commit()
    plan(sessions)
    edition = session.scalars(select(Edition)).one()

    def state() -> tuple[bool, MailingState]:
        session.expire_all()
        mailing = session.get_one(Mailing, edition.mailing_id)
        return mailing.planned, mailing.state

    plan(sessions, now=NOW + timedelta(days=6))
    assert state() == (False, MailingState.SENDING)
    # Monday noon UTC: the last zone has left week 48.
    plan(sessions, now=NOW.replace(day=30, hour=12))
    assert state() == (True, MailingState.FINISHED)


def test_a_late_reader_keeps_the_edition_open(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=1)
    make_due(session, newsletter)
    session.commit()
    plan(sessions)
    newsletter.closed_at = NOW
    make_due(session, newsletter)
    session.commit()

    plan(sessions, now=NOW + timedelta(days=30))

    assert session.scalars(select(Mailing.planned)).one() is False


def test_the_subject_is_the_lead_and_the_text_says_why_each_story_is_there(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session, topics=("Science",))
    source = make_source(session, newsletter)
    for n in range(3):
        make_article(session, source, newsletter.topics[0], seq=n + 1, title=f"Tide number {n}")
    make_due(session, newsletter)
    session.commit()

    plan(sessions)

    recipe = session.scalars(select(Recipe)).one()
    text = composing.whole(session, recipe).text
    assert recipe.subject == "Tide number 2 and 2 more"
    assert "NEW IN SCIENCE" in text
    assert text.count("You follow Science") == 3
    assert "Also: Tide number 1 · Tide number 0" in text
    for slot, article_id in enumerate(recipe.article_ids, start=1):
        assert LINKS.click(article_id=article_id, mailing_id=recipe.mailing_id, slot=slot) in text


@pytest.mark.parametrize("zone", ["Nowhere/Atlantis"])
def test_a_zone_that_was_dropped_from_the_data_stops_nobody(
    zone: str, session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session)
    make_due(session, newsletter, time_zone=zone)
    make_due(session, newsletter)
    session.commit()

    assert plan(sessions) == PlanReport(planned=2)
