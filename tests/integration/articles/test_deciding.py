"""People know better which articles tell one story; machines keep to what they said."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import deciding, stories
from service.articles.models import Article
from service.audit import AuditEntry
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Newsletter
from tests.factories import make_article, make_newsletter, make_source

HARBOUR = (
    "The harbour authority has opened the eastern basin two weeks early after the mildest winter on record, "
    "and the first ferry of the season left for the islands at noon with ninety people and a brass band."
)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session)


def bring(session: Session, newsletter: Newsletter, now: datetime, *texts: str) -> list[Article]:
    """Let articles come, each from a source of its own, and fold them."""
    rows = [
        make_article(
            session, make_source(session, newsletter), title="Harbour opens", summary=text, published_at=now
        )
        for text in texts
    ]
    while stories.fold_new(session, now=now):
        pass
    return rows


def told(session: Session, *articles: Article) -> list[int]:
    """The stories of these articles, as the place of the first article of each."""
    session.expire_all()
    names = [article.story_id or article.id for article in articles]
    return [names.index(name) for name in names]


def split(session: Session, article: Article, *leaving: Article, now: datetime) -> None:
    ids = [one.id for one in leaving]
    deciding.split(session, article.id, ids, reason="Two ferries", actor="operator 1", now=now)


def merge(session: Session, article: Article, other: Article, *, now: datetime) -> None:
    deciding.merge(session, article.id, other.id, reason="One ferry", actor="operator 1", now=now)


def test_what_was_split_is_not_folded_again_nor_bridged_by_what_comes_later(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    one, two, three = bring(session, newsletter, now, HARBOUR, HARBOUR, HARBOUR)
    assert told(session, one, two, three) == [0, 0, 0]
    split(session, two, one, now=now)
    assert told(session, one, two, three) == [0, 1, 1]
    one.story_due = two.story_due = three.story_due = True
    session.flush()
    (four,) = bring(session, newsletter, now + timedelta(hours=1), HARBOUR)
    first, second, third, fourth = told(session, one, two, three, four)
    assert first != second == third, "a new article joins one of them, and does not bridge them"
    assert fourth in {first, second}


def test_what_was_merged_stays_so_and_takes_in_what_comes_later(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    one, two = bring(
        session, newsletter, now, HARBOUR, "Quite another report, by somebody else entirely, of it."
    )
    assert told(session, one, two) == [0, 1]
    merge(session, two, one, now=now)
    two.story_due = True
    session.flush()
    (three,) = bring(session, newsletter, now, HARBOUR)
    assert told(session, one, two, three) == [0, 0, 0]


def test_a_merge_takes_back_a_split_and_may_be_taken_back_itself(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    one, two, three = bring(session, newsletter, now, HARBOUR, HARBOUR, HARBOUR)
    split(session, one, one, now=now)
    assert deciding.kept_apart(session, newsletter.id) == {(one.id, two.id), (one.id, three.id)}
    merge(session, three, one, now=now)
    assert told(session, one, two, three) == [0, 0, 0]
    assert deciding.kept_apart(session, newsletter.id) == set()
    split(session, one, two, three, now=now)
    assert told(session, one, two, three) == [0, 1, 1]
    assert [each.reason for each in deciding.of_article(session, one)] == [
        "Two ferries",
        "One ferry",
        "Two ferries",
    ]


def test_decisions_are_in_the_audit_log_with_their_reason(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    one, two = bring(session, newsletter, now, HARBOUR, HARBOUR)
    split(session, one, two, now=now)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.actor) == ("story.split", f"article {one.id}", "operator 1")
    assert entry.after == {"articles": [two.id], "others": [one.id], "reason": "Two ferries"}


def test_what_makes_no_sense_is_refused(session: Session, newsletter: Newsletter, now: datetime) -> None:
    one, two = bring(session, newsletter, now, HARBOUR, HARBOUR)
    (stranger,) = bring(session, make_newsletter(session), now, HARBOUR)
    common = {"actor": "operator 1", "now": now}
    for leaving in ([], [one.id, two.id], [stranger.id], [two.id, stranger.id]):
        with pytest.raises(InvalidInput, match="Choose one or more"):
            deciding.split(session, one.id, leaving, reason="why", **common)  # type: ignore[arg-type]  # shared
    with pytest.raises(InvalidInput, match="Say why"):
        deciding.split(session, one.id, [two.id], reason=" ", **common)  # type: ignore[arg-type]  # shared
    with pytest.raises(InvalidInput, match="one story already"):
        deciding.merge(session, one.id, two.id, reason="why", **common)  # type: ignore[arg-type]  # shared
    with pytest.raises(InvalidInput, match="of this newsletter"):
        deciding.merge(session, one.id, stranger.id, reason="why", **common)  # type: ignore[arg-type]  # shared
    with pytest.raises(NotFound):
        deciding.merge(session, 999_999, one.id, reason="why", **common)  # type: ignore[arg-type]  # shared
    assert told(session, one, two) == [0, 0]
