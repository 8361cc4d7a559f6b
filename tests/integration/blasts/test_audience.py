"""Who is in an audience: each condition, all of them together, and never anybody without that consent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.blasts import audience, choosing, copies, drafts, handmade, segments
from service.blasts.criteria import Criteria
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import MessageState, Stream
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters.models import Newsletter, Rhythm
from service.ops import audiences
from service.popularity.models import Click, Verdict
from service.subscribers.models import Subscription, SubscriptionState
from tests.factories import make_article, make_newsletter, make_source, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session, topics=("Science", "Energy", "Law"))


def listener(session: Session, newsletter: Newsletter, **values: Any) -> Subscription:
    return make_subscription(session, newsletter, **{"announcements": True, **values})


def ids(session: Session, newsletter: Newsletter, criteria: Criteria) -> list[int]:
    rows = session.execute(audience.matches(newsletter.id, criteria, now=NOW)).all()
    assert audience.count_of(session, newsletter.id, criteria, now=NOW) == len(rows)
    return sorted(row[0] for row in rows)


def test_each_condition_narrows_and_all_must_hold(session: Session, newsletter: Newsletter) -> None:
    science, energy, law = (topic.id for topic in newsletter.topics)
    one = listener(session, newsletter, topic_ids=[science, energy], rhythm=Rhythm.DAILY, locale="de")
    two = listener(session, newsletter, topic_ids=[science, law], time_zone="Europe/Berlin")
    three = listener(session, newsletter, topic_ids=[law], confirmed_at=NOW - timedelta(days=400))
    everyone = [one.id, two.id, three.id]
    joined = NOW.date() - timedelta(days=300)

    expected = [
        (Criteria(), everyone),
        (Criteria(topics_any=(science, energy)), [one.id, two.id]),
        (Criteria(topics_all=(science, energy)), [one.id]),
        (Criteria(topics_none=(science,)), [three.id]),
        (Criteria(rhythms=("daily",)), [one.id]),
        (Criteria(locales=("de",)), [one.id]),
        (Criteria(zones=("Europe/Berlin",)), [two.id]),
        (Criteria(joined_after=joined), [one.id, two.id]),
        (Criteria(joined_before=joined), [three.id]),
        (Criteria(listed=(two.id, three.id)), [two.id, three.id]),
        (Criteria(listed=()), []),
        (Criteria(topics_any=(science,), topics_none=(law,), locales=("en",)), []),
    ]
    assert [ids(session, newsletter, criteria) for criteria, _ in expected] == [who for _, who in expected]


def test_the_day_somebody_joined_counts_whole_on_both_ends(session: Session, newsletter: Newsletter) -> None:
    last = listener(session, newsletter, confirmed_at=datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    day = date(2026, 11, 20)
    assert ids(session, newsletter, Criteria(joined_after=day, joined_before=day)) == [last.id]


def test_an_earlier_mailing_divides_readers_by_what_became_of_their_mail(
    session: Session, newsletter: Newsletter
) -> None:
    states = [*MessageState]
    readers = {state: listener(session, newsletter) for state in states}
    nobody = listener(session, newsletter)
    mailing = mailings.open_mailing(
        session, stream=Stream.BLAST, cause="blast 99", title="Before", list_id=newsletter.id, now=NOW
    )
    rows = [
        NewMessage(f"subscription {each.id}", "blast", NOW, each.subscriber_id, each.id, state=state)
        for state, each in readers.items()
    ]
    ledger.put(session, mailing, rows, now=NOW)
    certain = {MessageState.FAILED, MessageState.SKIPPED, MessageState.CANCELLED, MessageState.EXPIRED}
    perhaps = {MessageState.SENT, MessageState.UNKNOWN, MessageState.SENDING}

    def of(wanted: set[MessageState]) -> list[int]:
        return sorted(readers[state].id for state in wanted)

    assert ids(session, newsletter, Criteria(got=mailing.id)) == of(perhaps)
    assert ids(session, newsletter, Criteria(missed=mailing.id)) == of(certain)
    assert ids(session, newsletter, Criteria(without=mailing.id)) == [*of(set(states) - perhaps), nobody.id]


def test_only_readers_who_asked_to_be_recognised_are_known_by_their_clicks(
    session: Session, newsletter: Newsletter
) -> None:
    key = b"k" * 32
    known = listener(session, newsletter, recognition_key=key)
    listener(session, newsletter)
    article = make_article(session, make_source(session, newsletter))
    for at, reader in ((NOW - timedelta(days=3), key), (NOW - timedelta(hours=1), None)):
        session.add(
            Click(
                at=at,
                article_id=article.id,
                mailing_id=1,
                slot=1,
                visitor=b"v",
                reader=reader,
                verdict=Verdict.HUMAN,
            )
        )
    session.flush()

    assert ids(session, newsletter, Criteria(clicked_days=4)) == [known.id]
    assert ids(session, newsletter, Criteria(clicked_days=2)) == []


def test_a_pasted_list_finds_consenting_readers_and_adds_nobody(
    session: Session, newsletter: Newsletter
) -> None:
    ada = listener(session, newsletter, email="Ada@example.org")
    make_subscription(session, newsletter, email="silent@example.org")
    listener(session, newsletter, email="gone@example.org", state=SubscriptionState.UNSUBSCRIBED)
    listener(session, make_newsletter(session), email="elsewhere@example.org")
    pasted = (
        "Ada Lovelace <ADA@example.org>, ada@example.org\nsilent@example.org; gone@example.org "
        "elsewhere@example.org stranger@example.org broken@"
    )

    found = handmade.match(session, newsletter.id, pasted, now=NOW)

    assert found.subscription_ids == (ada.id,)
    assert (found.read, found.unmatched, found.unreadable) == (5, 4, 1)
    ada.announcements = False
    session.flush()
    assert ids(session, newsletter, Criteria(listed=found.subscription_ids)) == []


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        (Criteria(topics_any=(999_999,)), "topics_any"),
        (Criteria(rhythms=("hourly",)), "rhythms"),
        (Criteria(joined_after=date(2026, 2, 1), joined_before=date(2026, 1, 1)), "joined_before"),
        (Criteria(clicked_days=31), "clicked_days"),
    ],
)
def test_conditions_that_cannot_be_are_refused_beside_their_field(
    criteria: Criteria, field: str, session: Session, newsletter: Newsletter
) -> None:
    with pytest.raises(InvalidInput) as refused:
        choosing.check(session, newsletter.id, criteria)
    assert refused.value.field == field


def test_what_is_written_is_read_again(newsletter: Newsletter) -> None:
    whole = Criteria(
        topics_any=(1, 2),
        topics_none=(3,),
        rhythms=("daily",),
        joined_after=date(2026, 1, 31),
        clicked_days=7,
        missed=4,
        listed=(),
    )
    assert Criteria.read(whole.written()) == whole
    assert Criteria().written() == {}


def test_a_segment_is_taken_as_it_is_and_a_later_change_does_not_reach_the_draft(
    session: Session, newsletter: Newsletter
) -> None:
    who = {"actor": "operator 1", "now": NOW}
    made = segments.create(session, newsletter.id, name="Daily", criteria=Criteria(rhythms=("daily",)), **who)
    blast = drafts.create(session, newsletter, subject="Hi", body_markdown="x", operator_id=1, now=NOW)
    choosing.use(session, blast.id, made.id, **who)

    segments.edit(session, made.id, name="Weekly", criteria=Criteria(rhythms=("weekly",)), **who)
    assert audience.of(blast) == Criteria(rhythms=("daily",))
    with pytest.raises(InvalidInput, match="Another segment has this name"):
        segments.create(session, newsletter.id, name="Weekly", criteria=Criteria(locales=("de",)), **who)
    elsewhere = make_newsletter(session)
    other = drafts.create(session, elsewhere, subject="", body_markdown="", operator_id=1, now=NOW)
    with pytest.raises(InvalidInput, match="does not belong"):
        choosing.use(session, other.id, made.id, **who)
    segments.delete(session, made.id, **who)
    with pytest.raises(NotFound):
        segments.get(session, made.id)
    session.refresh(blast)
    assert (blast.segment_id, audience.of(blast)) == (None, Criteria(rhythms=("daily",)))


def test_a_copy_is_a_draft_with_the_same_audience_and_nothing_of_the_sending(
    session: Session, newsletter: Newsletter
) -> None:
    blast = drafts.create(session, newsletter, subject="Hi", body_markdown="x", operator_id=1, now=NOW)
    wanted = Criteria(topics_any=(newsletter.topics[0].id,), locales=("de",))
    choosing.set_audience(session, blast.id, wanted, actor="operator 1", now=NOW)

    made = copies.copy(session, blast.id, operator_id=2, now=NOW)

    assert (made.subject, audience.of(made), made.mailing_id) == ("Hi", wanted, None)
    with pytest.raises(Conflict, match="not over yet"):
        copies.resend(session, blast.id, operator_id=2, now=NOW)
    with pytest.raises(Conflict, match="over can be put away"):
        copies.archive(session, blast.id, actor="operator 2", now=NOW)


def test_a_look_says_who_and_how_many_and_a_sample_begins_anywhere(
    session: Session, newsletter: Newsletter
) -> None:
    science = newsletter.topics[0].id
    readers = [
        listener(
            session,
            newsletter,
            topic_ids=[science],
            next_due_at=NOW + timedelta(hours=12 * n),
            rhythm="daily",
        )
        for n in range(4)
    ]
    criteria = Criteria(topics_any=(science,), rhythms=("daily",))

    found = audiences.look(session, newsletter.id, criteria, now=NOW)
    sampled = audiences.sample(session, newsletter.id, criteria, start=readers[2].id, now=NOW)

    assert found.sentence == "follow Science and have a digest with the rhythm daily"
    assert (found.count, found.digest_soon) == (4, 2)
    assert [each.subscriber_id for each in sampled] == [readers[n].subscriber_id for n in (2, 3, 0, 1)]
    assert all("…" in each.address for each in sampled)
    nobody = audiences.look(session, newsletter.id, replace(criteria, listed=()), now=NOW)
    assert (nobody.count, nobody.sentence.endswith("a list of 0 made by hand")) == (0, True)
