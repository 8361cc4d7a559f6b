"""What a pin would change: counted for few readers, estimated for many, and true either way."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.digests import curations, pin_trial, sampling, tallying
from service.digests.models import Curation, CurationKind
from service.errors import NotFound
from service.newsletters.models import Newsletter, Rhythm
from tests.factories import make_article, make_newsletter, make_source, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session, min_items=2, max_items=3)


def articles(session: Session, newsletter: Newsletter) -> list[int]:
    """Five stories of the first topic, the first of them the oldest, and one of the second."""
    source = make_source(session, newsletter)
    science, energy = newsletter.topics
    found = [make_article(session, source, science, seq=n, author=f"Author {n}").id for n in range(1, 6)]
    return [*found, make_article(session, source, energy, seq=6).id]


def read(session: Session, newsletter: Newsletter, n: int = 1, **values: object) -> None:
    science = newsletter.topics[0]
    for _ in range(n):
        make_subscription(
            session, newsletter, **{"topic_ids": [science.id], "next_due_at": DUE, "explore": False, **values}
        )


def test_few_readers_are_counted_and_told_what_gives_way(session: Session, newsletter: Newsletter) -> None:
    oldest, *_ = articles(session, newsletter)
    read(session, newsletter, 3)
    read(session, newsletter, rhythm=Rhythm.DAILY)
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW)
    assert trial.is_exact
    assert (trial.readers, trial.looked_at, trial.before, trial.after) == (3, 3, 0, 3)
    assert (trial.gained, trial.give_or_take, trial.woken) == (3, 0, 0)
    assert [n for _, _, n in trial.giving_way] == [3]
    assert session.scalar(select(func.count()).select_from(Curation)) == 0, "nothing was pinned"


def test_the_trial_says_what_the_pin_then_does(session: Session, newsletter: Newsletter) -> None:
    oldest, *_ = articles(session, newsletter)
    read(session, newsletter, 2)
    curations.curate(
        session,
        oldest,
        CurationKind.PIN,
        reason="ours",
        expires_at=DUE,
        actor="operator 1",
        now=NOW,
    )
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW)
    assert (trial.before, trial.after, trial.gained) == (2, 2, 0)


def test_a_pin_for_one_topic_reaches_its_readers_only(session: Session, newsletter: Newsletter) -> None:
    *_, of_energy = articles(session, newsletter)
    science, energy = newsletter.topics
    read(session, newsletter, 2)
    read(session, newsletter, topic_ids=[energy.id, science.id])
    trial = pin_trial.try_pin(session, of_energy, topic_id=energy.id, rhythm=Rhythm.WEEKLY, now=NOW)
    assert trial.after == 1
    everywhere = pin_trial.try_pin(session, of_energy, rhythm=Rhythm.WEEKLY, now=NOW)
    assert everywhere.after == 3


def test_an_excluded_story_reaches_nobody_whatever_is_pinned(
    session: Session, newsletter: Newsletter
) -> None:
    oldest, *_ = articles(session, newsletter)
    read(session, newsletter, 2)
    curations.curate(
        session, oldest, CurationKind.EXCLUDE, reason="wrong", expires_at=DUE, actor="operator 1", now=NOW
    )
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW)
    assert (trial.before, trial.after) == (0, 0)


def test_many_readers_are_estimated_from_some_spread_over_all(
    session: Session, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin_trial, "SAMPLE", 20)
    oldest, *_ = articles(session, newsletter)
    # In blocks: whoever looked at the first ones only would see half of the truth.
    read(session, newsletter, 40)
    read(
        session,
        newsletter,
        40,
        topic_ids=[newsletter.topics[1].id],
        excluded_topic_ids=[newsletter.topics[0].id],
    )
    tallying.count(session, now=NOW)
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW)
    assert (trial.is_exact, trial.readers, trial.looked_at) == (False, 80, 20)
    assert abs(trial.gained - 40) <= trial.give_or_take
    assert 0 < trial.give_or_take < 40


def test_an_answer_that_may_not_take_long_looks_at_fewer_everywhere_and_says_so(
    session: Session, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PORTION", 16)
    oldest, *_ = articles(session, newsletter)
    read(session, newsletter, 32)
    read(
        session,
        newsletter,
        32,
        topic_ids=[newsletter.topics[1].id],
        excluded_topic_ids=[newsletter.topics[0].id],
    )
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW, seconds=0)
    assert (trial.is_exact, trial.readers, trial.looked_at) == (False, 64, 16)
    assert abs(trial.gained - 32) <= trial.give_or_take
    assert 0 < trial.give_or_take < 32


def test_a_few_of_whom_all_gain_do_not_prove_that_everybody_does(
    session: Session, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PORTION", 4)
    oldest, *_ = articles(session, newsletter)
    read(session, newsletter, 40)
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.WEEKLY, now=NOW, seconds=0)
    assert (trial.looked_at, trial.gained) == (4, 40)
    assert trial.give_or_take >= 10


def test_nobody_of_a_rhythm_and_no_such_article(session: Session, newsletter: Newsletter) -> None:
    oldest, *_ = articles(session, newsletter)
    trial = pin_trial.try_pin(session, oldest, rhythm=Rhythm.MONTHLY, now=NOW)
    assert (trial.readers, trial.looked_at, trial.gained) == (0, 0, 0)
    with pytest.raises(NotFound):
        pin_trial.try_pin(session, 999_999, rhythm=Rhythm.WEEKLY, now=NOW)
