"""What a blast says: blocks, merge fields for each reader, and what a check finds."""

import quopri
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from service.articles.fetching import Fetcher
from service.blasts import checks, content, drafts, link_checks, sending
from service.blasts.blocks import Block, Kind
from service.blasts.models import Blast
from service.blasts.preview import preview
from service.delivery.models import Mailing
from service.emails.letters import SubscriberLinks
from service.errors import Conflict, InvalidInput
from service.recipes.bodies import Bodies
from service.subscribers import merge_fields
from tests.factories import LINKS, make_article, make_newsletter, make_source, make_subscription
from tests.feed_server import FeedServer, status

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def write(session: Session, **values: object) -> Blast:
    facts = {"subject": "Open house", "body_markdown": "Come.", "topic_ids": [], "operator_id": 1, "now": NOW}
    newsletter = values.pop("newsletter", None) or make_newsletter(session)
    return drafts.create(session, newsletter, **(facts | values))


def test_blocks_stand_in_both_parts_of_the_mail_in_their_order(session: Session) -> None:
    newsletter = make_newsletter(session)
    article = make_article(session, make_source(session, newsletter), title="Soup & <bread>")
    blocks = [
        Block(Kind.QUOTE, text="It was *late*.", by="Ada"),
        Block(Kind.ARTICLE, article_id=article.id),
        Block(Kind.BUTTON, text="Keep a place", url="https://courier.example/place?a=1&b=2"),
        Block(Kind.DIVIDER),
        Block(Kind.IMAGE, text="The hall", url="https://courier.example/hall.jpg"),
    ]

    mail = preview(session, write(session, newsletter=newsletter, blocks=blocks), links=LINKS)

    for part, title in ((mail.html, "Soup &amp; &lt;bread&gt;"), (mail.text, "Soup & <bread>")):
        places = [part.index(words) for words in ("Come.", "— Ada", title, "Keep a place", "The hall")]
        assert places == sorted(places)
    assert 'href="https://courier.example/place?a=1&amp;b=2"' in mail.html
    assert "https://courier.example/place?a=1&b=2" in mail.text


def test_each_reader_gets_their_own_values_and_fallbacks_where_there_are_none(session: Session) -> None:
    newsletter = make_newsletter(session)
    chosen = make_subscription(session, newsletter, announcements=True, topic_ids=[newsletter.topics[0].id])
    without = make_subscription(session, newsletter, announcements=True, topic_ids=[])
    newsletter.topics[0].name = "Arts & <Crafts>"
    blast = write(
        session,
        newsletter=newsletter,
        body_markdown="You read {{ topics | everything }}. [Settings]({{ preferences_url }})",
        blocks=[Block(Kind.BUTTON, text="More of {{ first_topic | it }}", url="https://courier.example/")],
    )
    sending.start(session, blast.id, confirmed_count=2, links=LINKS, actor="operator 1", now=NOW)
    assert session.get(Mailing, blast.mailing_id)
    session.flush()

    body = Bodies().load(session, [blast.recipe_id or 0])[blast.recipe_id or 0]
    own = SubscriberLinks("https://p.example/u", "https://p.example/1", "You asked.", "https://p.example/v")
    mails = [
        quopri.decodestring(b"".join(body.splice(own, fields).chunks)).decode()
        for fields in (merge_fields.of(chosen), merge_fields.of(without))
    ]

    assert "You read Arts & <Crafts>." in mails[0]
    assert "Arts &amp; &lt;Crafts&gt;" in mails[0]
    assert "You read everything." in mails[1]
    assert "More of it" in mails[1]
    assert all('href="https://p.example/1"' in mail for mail in mails)


def test_an_unknown_field_is_refused_when_it_is_saved(session: Session) -> None:
    with pytest.raises(InvalidInput, match="no field “surname”") as refused:
        write(session, blocks=[Block(Kind.TEXT, text="Dear {{ surname | you }}")])
    assert refused.value.field == "body_markdown"
    with pytest.raises(InvalidInput, match="same for everybody"):
        write(session, subject="For {{ topics | you }}")


def test_the_public_page_shows_blocks_and_no_reader(session: Session) -> None:
    newsletter = make_newsletter(session)
    blocks = [
        Block(Kind.BUTTON, text="Settings", url="{{ preferences_url }}"),
        Block(Kind.QUOTE, text="Late."),
    ]
    blast = write(session, newsletter=newsletter, body_markdown="{{ topics | All }}.", blocks=blocks)

    assert content.public_markdown(session, blast) == "All.\n\n> Late."


def test_a_second_save_from_an_older_version_is_told(session: Session) -> None:
    blast = write(session)
    facts = {
        "subject": "Open day",
        "body_markdown": "Come.",
        "topic_ids": [],
        "actor": "operator 2",
        "now": NOW,
    }
    drafts.edit(session, blast.id, **facts, version=1)

    with pytest.raises(Conflict, match="Somebody has changed this blast"):
        drafts.edit(session, blast.id, **(facts | {"subject": "Mine"}), version=1)

    assert (blast.subject, blast.version) == ("Open day", 2)
    drafts.edit(session, blast.id, **facts, version=2)
    assert blast.version == 2


def test_the_check_names_the_place_and_what_to_do(session: Session) -> None:
    newsletter = make_newsletter(session)
    gone = make_article(session, make_source(session, newsletter), withdrawn_at=NOW)
    blocks = [
        Block(Kind.BUTTON, text="Go"),
        Block(Kind.ARTICLE, article_id=gone.id),
        Block(Kind.IMAGE, url="https://courier.example/hall.jpg"),
    ]
    blast = write(session, newsletter=newsletter, subject="Re: you", blocks=blocks)

    errors = {each.place: each for each in checks.check(session, blast, links=LINKS).errors}

    assert set(errors) == {
        "Subject",
        "Block 1 (button)",
        "Block 2 (article)",
        "Image https://courier.example/hall.jpg",
    }
    assert all(each.advice for each in errors.values())
    with pytest.raises(Conflict, match="Block 1"):
        sending.start(session, blast.id, confirmed_count=1, links=LINKS, actor="operator 1", now=NOW)


@pytest.fixture
def feed_server() -> Iterator[FeedServer]:
    with FeedServer().running() as server:
        yield server


def test_links_are_asked_once_and_private_networks_never(feed_server: FeedServer) -> None:
    fetcher = Fetcher([feed_server.host], deadline=2.0)
    feed_server.answers["/there"] = status(200)
    feed_server.answers["/shy"] = status(405)
    there, shy, gone = (feed_server.url(path) for path in ("/there", "/shy", "/gone"))

    answers = link_checks.check(
        [there, there, shy, gone, "mailto:a@b.example", "http://10.0.0.1/"], fetcher=fetcher
    )

    assert [(each.url, bool(each.problem), each.is_open) for each in answers] == [
        (there, False, False),
        (shy, True, True),
        (gone, True, False),
        ("http://10.0.0.1/", True, False),
    ]
    assert "private network" in answers[-1].problem
    assert [path for path, _ in feed_server.asked].count("/there") == 1
