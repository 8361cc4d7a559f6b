"""Shown counts are what the ledger says, however often they are counted."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import Message, MessageState, Stream
from service.popularity.models import Signal, SignalBucket
from service.recipes import exposure
from service.recipes.models import Recipe, RecipeKind
from tests.factories import make_article, make_newsletter, make_source

NOW = datetime(2026, 11, 24, 9, 40, tzinfo=UTC)
HOUR = NOW.replace(minute=0)


def make_mail(session: Session, *article_ids: int, readers: int) -> list[Message]:
    """So many messages of one recipe, waiting."""
    mailing = mailings.open_mailing(
        session, stream=Stream.DIGEST, cause="edition 1", title="Edition", list_id=None, now=NOW
    )
    recipe = Recipe(
        kind=RecipeKind.DIGEST,
        newsletter_id=1,
        mailing_id=mailing.id,
        content_hash=str(article_ids).encode(),
        article_ids=list(article_ids),
        content={},
        locale="en",
        subject="Tide",
        html_hash=b"h",
        text_hash=b"t",
        created_at=NOW,
    )
    session.add(recipe)
    session.flush()
    rows = [
        NewMessage(f"subscription {recipe.id}.{n}", "digest", NOW, recipe_id=recipe.id)
        for n in range(readers)
    ]
    ledger.put(session, mailing, rows, now=NOW)
    return list(session.scalars(select(Message).where(Message.recipe_id == recipe.id).order_by(Message.id)))


def send(*messages: Message, at: datetime) -> None:
    for message in messages:
        message.state, message.sent_at = MessageState.SENT, at


def shown(session: Session) -> dict[tuple[int, int, datetime], tuple[int, int]]:
    session.expire_all()
    return {
        (row.article_id, row.slot, row.hour): (row.shown, row.observed)
        for row in session.scalars(select(SignalBucket))
    }


def make_articles(session: Session, count: int) -> list[int]:
    newsletter = make_newsletter(session)
    source = make_source(session, newsletter)
    return [make_article(session, source, newsletter.topics[0], seq=n + 1).id for n in range(count)]


def test_each_sent_mail_shows_its_articles_in_their_places(session: Session) -> None:
    one, two = make_articles(session, 2)
    first, second, third = make_mail(session, one, two, readers=3)
    [other] = make_mail(session, two, readers=1)
    send(first, second, at=NOW - timedelta(minutes=5))
    send(third, other, at=NOW - timedelta(hours=1))
    session.flush()

    exposure.count_shown(session, now=NOW)

    assert shown(session) == {
        (one, 1, HOUR): (2, 0),
        (two, 2, HOUR): (2, 0),
        (one, 1, HOUR - timedelta(hours=1)): (1, 0),
        (two, 2, HOUR - timedelta(hours=1)): (1, 0),
        (two, 1, HOUR - timedelta(hours=1)): (1, 0),
    }


def test_counting_again_adds_only_what_is_new_and_leaves_clicks_alone(session: Session) -> None:
    [article_id] = make_articles(session, 1)
    first, second = make_mail(session, article_id, readers=2)
    session.add(
        SignalBucket(
            article_id=article_id, signal=Signal.DIGEST_CLICK, slot=1, hour=HOUR, observed=7, shown=0
        )
    )
    send(first, at=NOW)
    session.flush()

    assert [exposure.count_shown(session, now=NOW) for _ in range(3)] == [1, 0, 0]
    assert shown(session) == {(article_id, 1, HOUR): (1, 7)}

    send(second, at=NOW)
    session.flush()
    exposure.count_shown(session, now=NOW + timedelta(minutes=10))
    assert shown(session) == {(article_id, 1, HOUR): (2, 7)}


def test_what_was_not_sent_was_not_shown(session: Session) -> None:
    [article_id] = make_articles(session, 1)
    for message, state in zip(make_mail(session, article_id, readers=3), MessageState, strict=False):
        message.state = state if state is not MessageState.SENT else MessageState.UNKNOWN
    session.flush()

    assert exposure.count_shown(session, now=NOW) == 0
    assert shown(session) == {}


def test_an_hour_is_never_set_to_the_count_of_a_part_of_it(session: Session) -> None:
    [article_id] = make_articles(session, 1)
    early, late = make_mail(session, article_id, readers=2)
    send(early, at=HOUR + timedelta(minutes=1))
    send(late, at=HOUR + timedelta(minutes=59))
    session.flush()
    exposure.count_shown(session, now=HOUR + timedelta(hours=1))

    # The look-back now begins in the middle of that hour.
    exposure.count_shown(session, now=HOUR + exposure.LOOK_BACK + timedelta(minutes=30))

    assert shown(session) == {(article_id, 1, HOUR): (2, 0)}
