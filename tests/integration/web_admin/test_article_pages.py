"""Articles at the console: find one, say what is wanted of it, withdraw it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.articles.models import Article, ArticleTopic
from service.db import Sessions, transaction
from service.digests.models import Curation, CurationKind
from service.dispatch import TaskName
from service.operators.models import Role
from service.popularity.models import ArticleScore, Click, Verdict
from tests.conftest import RecordingDispatcher
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.web_admin.browsing import Visitor, flash


@pytest.fixture
def article(sessions: Sessions) -> Article:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        newsletter = make_newsletter(session)
        source = make_source(session, newsletter)
        row = make_article(
            session, source, *newsletter.topics, seq=7, title="The 100% harbour", published_at=now
        )
        make_article(session, source, title="A harbour again", published_at=now, story_id=row.id)
        row.story_id = row.id
        for n in range(40):
            make_article(session, source, published_at=now - timedelta(days=1, minutes=n))
        session.add(
            ArticleScore(
                article_id=row.id,
                score=0.5,
                sd=0.1,
                observed=90,
                explanation="1.6 times the clicks expected in its places (90 of 55.0).",
                computed_at=now,
            )
        )
        return row


def test_articles_are_listed_page_by_page_and_found_by_their_words(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.VIEWER)
    listed = visitor.open("/console/articles/")
    assert listed.text.count('class="title-cell"') == 30
    older = visitor.open(listed.text.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&"))
    assert older.text.count('class="title-cell"') == 12
    found = visitor.open("/console/articles/?words=100%25").text
    assert found.count('class="title-cell"') == 1
    assert "1.6 times the clicks expected" in found
    assert "No title has these words" in visitor.open("/console/articles/?words=submarine").text


def test_a_page_says_everything_that_decides_whom_an_article_reaches(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/articles/{article.id}").text
    for words in ("The 100% harbour", "Science", "(number 7)", "Score +0.50 ± 0.10", "A harbour again"):
        assert words in page
    assert "Withdraw this article" not in page, "a viewer changes nothing"
    assert visitor.send(f"/console/articles/{article.id}/withdraw").status_code == 403
    assert visitor.open("/console/articles/999999").status_code == 404


def test_an_editor_pins_a_story_sees_it_in_force_and_ends_it(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/articles/{article.id}"
    form = {"wanted": "pin", "topic": "0", "days": "7", "reason": "Our own investigation"}
    answer = visitor.send(f"{path}/curate", page=path, **form)
    assert answer.location == path
    assert "Saved." in flash(visitor.open(path))
    with sessions() as session:
        row = session.scalars(select(Curation)).one()
        assert (row.kind, row.topic_id, row.reason) == (CurationKind.PIN, None, "Our own investigation")
        assert timedelta(days=6) < row.expires_at - datetime.now(UTC) < timedelta(days=8)
    listed = visitor.open("/console/articles/curations").text
    assert "pinned" in listed
    assert "for readers of every topic" in listed
    assert "The 100% harbour" in listed

    visitor.send(f"/console/articles/curations/{row.id}/end", page=path, **{"from": "list"})

    assert "Nothing at present" in visitor.open("/console/articles/curations").text
    assert "ended by Editor" in visitor.open(path).text
    visitor.send(f"/console/articles/curations/{row.id}/end", page=path)
    assert "has ended already" in visitor.open(path).text


def test_a_boost_for_one_topic(visitor: Visitor, sessions: Sessions, article: Article) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/articles/{article.id}"
    page = visitor.open(path).text
    topic_id = page.split(">Science</option>")[0].rpartition('value="')[2].split('"')[0]
    visitor.send(
        f"{path}/curate", page=path, wanted="lower-much", topic=topic_id, days="1", reason="Old news"
    )
    with sessions() as session:
        row = session.scalars(select(Curation)).one()
        assert (row.kind, row.boost, row.topic_id) == (CurationKind.BOOST, -1.0, int(topic_id))
    assert "lowered by 1.0" in visitor.open(path).text


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"wanted": "x"}, {"days": "9999"}, {"topic": "77777"}])
def test_a_form_that_makes_no_sense_comes_back_with_what_was_typed(
    visitor: Visitor, sessions: Sessions, article: Article, wrong: dict[str, str]
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/articles/{article.id}"
    form = {"wanted": "pin", "topic": "0", "days": "7", "reason": "Something I typed", **wrong}
    answer = visitor.send(f"{path}/curate", page=path, **form)
    assert answer.status_code == 422
    assert "needs a second look" in answer.text.replace("One thing needs", "needs")
    assert not form["reason"] or "Something I typed" in answer.text
    with sessions() as session:
        assert session.scalars(select(Curation)).all() == []


def test_withdrawing_wakes_the_pass_that_pulls_and_can_be_undone(
    visitor: Visitor, sessions: Sessions, article: Article, dispatcher: RecordingDispatcher
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/articles/{article.id}"
    visitor.send(f"{path}/withdraw", page=path)
    assert TaskName.PULL_WITHDRAWN in dispatcher.woken
    page = visitor.open(path).text
    assert "Mails that wait are being made anew without it." in page
    assert "withdrawn" in visitor.open("/console/articles/?words=100%25").text
    with sessions() as session:
        assert session.get_one(Article, article.id).withdrawn_at is not None
    visitor.send(f"{path}/restore", page=path)
    with sessions() as session:
        assert session.get_one(Article, article.id).withdrawn_at is None
    assert "Withdraw this article" in visitor.open(path).text


def test_an_editor_splits_a_story_and_makes_it_one_again_each_with_a_reason(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/articles/{article.id}"
    assert "2 reports tell it" in visitor.open(path).text
    with sessions() as session:
        other = session.scalars(select(Article).where(Article.title == "A harbour again")).one()
    answer = visitor.send(f"{path}/story/split", page=path, articles=str(other.id), reason="")
    assert answer.status_code == 422
    assert "Say why" in answer.text
    answer = visitor.send(f"{path}/story/split", page=path, articles=str(other.id), reason="Another harbour")
    assert answer.location == path
    page = visitor.open(path).text
    assert "No other report tells it" in page
    assert "Another harbour" in page
    assert "(Editor," in page
    found = visitor.open(f"{path}?find=harbour+again").text
    assert f'name="other" value="{other.id}"' in found
    assert f'name="other" value="{article.id}"' not in found
    visitor.send(f"{path}/story/merge", page=path, other=str(other.id), reason="The same one after all")
    assert "2 reports tell it" in visitor.open(path).text
    for nonsense in ("0", "-1", "99999999999999999999", "x"):
        answer = visitor.send(f"{path}/story/merge", page=path, other=nonsense, reason="why")
        assert answer.status_code == 422


def test_a_viewer_sees_the_story_and_decides_nothing(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.VIEWER)
    path = f"/console/articles/{article.id}"
    assert "Split off" not in visitor.open(path).text
    assert visitor.send(f"{path}/story/split", articles="1", reason="why").status_code == 403
    assert visitor.send(f"{path}/story/merge", other="1", reason="why").status_code == 403


def test_the_best_come_first_drawn_with_their_doubt_and_folded_reports_are_counted(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open("/console/articles/?order=best").text
    assert page.count('class="title-cell"') == 1
    assert "1.6 times an average article, most likely between 1.4 and 2.0 times" in page
    assert "and 1 more report of the story" in page
    of_topic = visitor.open(f"/console/articles/?topic={topic_of(sessions, article)}").text
    assert of_topic.count('class="title-cell"') == 1


def test_what_people_did_is_shown_apart_from_what_machines_did(
    visitor: Visitor, sessions: Sessions, article: Article
) -> None:
    now = datetime.now(UTC)
    with transaction(sessions) as session:
        for n, (verdict, minutes) in enumerate(
            [(Verdict.HUMAN, 60), (Verdict.HUMAN, 1), (Verdict.REPEAT, 50), (Verdict.SCANNER, 50)]
        ):
            session.add(
                Click(
                    at=now - timedelta(minutes=minutes),
                    article_id=article.id,
                    mailing_id=1,
                    slot=1,
                    visitor=bytes([n]),
                    verdict=verdict,
                )
            )
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(f"/console/articles/{article.id}").text
    cells = page.split("Clicks in mails")[1].split("</tr>")[0]
    assert [part.split("<")[0] for part in cells.replace("<b>", "").split('">')[1:]] == ["1", "1", "1", "1"]


def topic_of(sessions: Sessions, article: Article) -> int:
    with sessions() as session:
        found = session.scalars(
            select(ArticleTopic.topic_id).where(ArticleTopic.article_id == article.id)
        ).first()
    assert found is not None
    return found
