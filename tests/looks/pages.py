"""Every page that readers see, one line each: checked for accessibility, photographed for people.

A new reader route without a line here (or a reason in `NO_PAGE`) fails a test.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from werkzeug.test import TestResponse

from service.articles.models import Article
from service.blasts.models import Blast
from service.db import transaction
from service.subscribers.models import AddressChange, SubscriptionState
from tests.looks.world import World

#: Routes of readers that lead to no page of ours.
NO_PAGE = {
    "clicks.follow": "leads on to the article",
    "clicks.follow_blast": "leads on to where the link of a blast goes",
    "beacon.allow": "an answer without a body",
    "logos.show": "a picture",
    "traps.follow": "leads on to the front page",
    "widget.show": "data for the pages of other sites",
    "widget.follow": "leads on to the article",
    "widget.allow": "an answer without a body",
    "archive.drawn": "a picture",
    "archive.latest": "leads on to the newest edition",
    "feeds.editions": "a feed",
    "feeds.topic": "a feed",
    "feeds.popular": "a feed",
    "own_feed.atom": "a feed",
    "own_feed.json": "a feed",
    "managing.export": "a file to keep",
    "robots.robots": "for machines",
    "robots.sitemap_index": "for machines",
    "robots.sitemap": "for machines",
    "embed.script": "a script for the pages of other sites",
    "embed.show": "data for the pages of other sites",
    "sign_up.forecast": "a sentence for the page that asks",
}


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """A page by its name in lists and files, the route that answers, and how a reader comes to it."""

    name: str
    endpoint: str
    visit: Callable[[World], TestResponse]


def sign_up(world: World) -> str:
    return f"/n/{world.newsletter.slug}"


def _signed_up(world: World, **fields: object) -> TestResponse:
    filled = {"topics": str(world.newsletter.topics[0].id), "rhythm": "weekly", "weekday": "5", "hour": "7"}
    filled |= {"time_zone": "Europe/London", "nonce": world.stamp()}
    return world.post(sign_up(world), **filled | fields)


def _confirm(world: World, *, generation: int = 1) -> str:
    reader = world.pending()
    return world.links.confirm(
        subscription_id=reader.id, generation=reader.generation + generation - 1, at=reader.requested_at
    )


def _preferences(world: World, **values: object) -> str:
    return world.links.preferences(subscription_id=world.reader(**values).id)


def _recognition(world: World) -> str:
    return f"{_preferences(world)}/recognition"


def _unsubscribe(world: World) -> str:
    return world.links.unsubscribe(subscription_id=world.reader().id)


def _never(world: World) -> str:
    return world.links.never_again(subscription_id=world.pending().id)


def _announcement(world: World) -> TestResponse:
    with world.runtime.sessions() as session:
        blast_id = session.scalars(select(Blast.id).filter_by(newsletter_id=world.newsletter.id)).one()
    return world.get(f"{sign_up(world)}/b/{blast_id}")


def _stayed(world: World) -> TestResponse:
    page = _unsubscribe(world)
    return world.post(f"{page}/instead", page=page, do="monthly")


def _pressed(world: World, page: TestResponse, name: str) -> TestResponse:
    """Press the button of the form on a page that has this field."""
    found = re.search(rf'action="([^"]+/{name})"', page.text)
    values = dict(re.findall(r'name="(csrf_token|undo)" value="([^"]+)"', page.text))
    assert found, f"the page has no form with {name}"
    return world.client.post(found[1], data=values)


def _after_leaving(world: World, action: str = "", **fields: object) -> TestResponse:
    left = world.post(_unsubscribe(world)).text
    found = re.search(r'action="(/back/[^"/]+)"', left)
    assert found, "the page offers no way back"
    return world.post(found[1] + action, page=found[1], **fields)


def _about(world: World) -> TestResponse:
    page = _preferences(world)
    with world.runtime.sessions() as session:
        article_id = session.scalars(
            select(Article.id).filter_by(newsletter_id=world.newsletter.id).order_by(Article.id).limit(1)
        ).one()
    return world.post(f"{page}/about", page=page, about=str(article_id), do="mute")


def _manage(world: World, *, minutes_ago: int = 0) -> str:
    reader = world.reader()
    mark = world.runtime.hash_address.mark(reader.subscriber.email_key)
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return world.links.manage(subscription_id=reader.id, mark=mark, at=at)


def _behind(world: World, action: str, **fields: object) -> TestResponse:
    page = _manage(world)
    return world.post(page + action, page=page, **fields)


def _change(world: World, side: str) -> str:
    reader, now = world.reader(), datetime.now(UTC)
    with transaction(world.runtime.sessions) as session:
        email = f"new{reader.id}@example.org"
        row = AddressChange(
            subscriber_id=reader.subscriber_id,
            subscription_id=reader.id,
            email=email,
            email_key=email,
            asked_at=now,
        )
        session.add(row)
        session.flush()
        link = world.links.new_address if side == "new" else world.links.old_address
        return link(change_id=row.id, at=now)


PAGES = (
    ReaderPage("front", "front.index", lambda world: world.get("/")),
    ReaderPage("sign-up", "sign_up.show", lambda world: world.get(sign_up(world))),
    ReaderPage(
        "sign-up-refused",
        "sign_up.submit",
        lambda world: _signed_up(world, email="ann@", rhythm="", topics=""),
    ),
    ReaderPage("sent", "sign_up.sent", lambda world: _signed_up(world, email="ann@example.org")),
    ReaderPage("confirm", "confirming.show", lambda world: world.get(_confirm(world))),
    ReaderPage("confirmed", "confirming.confirm", lambda world: world.post(_confirm(world))),
    ReaderPage("replaced", "confirming.show", lambda world: world.get(_confirm(world, generation=0))),
    ReaderPage("expired", "confirming.show", lambda world: world.get("/c/WzEsMV0.x")),
    ReaderPage("preferences", "preferences.show", lambda world: world.get(_preferences(world))),
    ReaderPage("recognition", "recognition.show", lambda world: world.get(_recognition(world))),
    ReaderPage(
        "recognised", "recognition.decide", lambda world: world.post(_recognition(world), recognise="yes")
    ),
    ReaderPage(
        "preferences-refused",
        "preferences.save",
        lambda world: world.post(_preferences(world), rhythm="never", time_zone="Mars"),
    ),
    ReaderPage(
        "inactive",
        "preferences.show",
        lambda world: world.get(_preferences(world, state=SubscriptionState.UNSUBSCRIBED)),
    ),
    ReaderPage("leave", "leaving.show", lambda world: world.get(_unsubscribe(world))),
    ReaderPage("left", "leaving.leave", lambda world: world.post(_unsubscribe(world))),
    ReaderPage("frame", "frame.show", lambda world: world.get(f"{sign_up(world)}/frame")),
    ReaderPage("stayed", "leaving.instead", _stayed),
    ReaderPage("stayed-undone", "leaving.undo", lambda world: _pressed(world, _stayed(world), "undo")),
    ReaderPage("left-told", "leaving.show_left", lambda world: _after_leaving(world, "/why", reason="other")),
    ReaderPage("back", "leaving.come_back", _after_leaving),
    ReaderPage("never", "never.show", lambda world: world.get(_never(world))),
    ReaderPage("never-done", "never.press", lambda world: world.post(_never(world))),
    ReaderPage("preferences-about", "preferences.more_or_less", _about),
    ReaderPage("data", "managing.show", lambda world: world.get(_manage(world))),
    ReaderPage("data-refused", "managing.erase", lambda world: _behind(world, "/erase")),
    ReaderPage("data-moving", "managing.move", lambda world: _behind(world, "/address", email="a@b.example")),
    ReaderPage("data-erased", "managing.erase", lambda world: _behind(world, "/erase", sure="y")),
    ReaderPage("data-expired", "managing.show", lambda world: world.get(_manage(world, minutes_ago=31))),
    ReaderPage("address", "managing.show_new", lambda world: world.get(_change(world, "new"))),
    ReaderPage("address-done", "managing.confirm_new", lambda world: world.post(_change(world, "new"))),
    ReaderPage("address-stop", "managing.show_stop", lambda world: world.get(_change(world, "old"))),
    ReaderPage("address-stopped", "managing.stop", lambda world: world.post(_change(world, "old"))),
    ReaderPage(
        "preferences-with-feed",
        "preferences.show",
        lambda world: world.get(_preferences(world, feed_on=True, feed_generation=1)),
    ),
    ReaderPage("archive", "archive.index", lambda world: world.get(f"{sign_up(world)}/archive")),
    ReaderPage("edition", "archive.edition", lambda world: world.get(f"{sign_up(world)}/latest")),
    ReaderPage("announcement", "archive.announcement", _announcement),
    ReaderPage("topic", "shelves.topic", lambda world: world.get(f"{sign_up(world)}/t/topic-0")),
    ReaderPage("popular", "shelves.popular", lambda world: world.get(f"{sign_up(world)}/popular")),
    ReaderPage(
        "mail-gone", "own_mail.show", lambda world: world.get(world.links.view(mailing_id=1, message_id=1))
    ),
    ReaderPage("error-404", "sign_up.show", lambda world: world.get("/nothing-is-here")),
    ReaderPage("error-400", "sign_up.submit", lambda world: world.post(sign_up(world), csrf_token="forged")),
)
