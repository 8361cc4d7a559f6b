"""A newsletter and its readers, to look at the pages they see: in a language, without a server."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from service.bootstrap import Runtime
from service.db import transaction
from service.links import Links
from service.newsletters.models import Newsletter
from service.subscribers.models import Subscription, SubscriptionState
from service.tokens import Purpose
from tests.factories import make_newsletter, make_subscription
from tests.looks import shelf

#: One that is read from the left, one from the right.
LOCALES = ("en", "ar")
_TOPICS = {
    "en": (
        ("City Hall", "Council, budgets, planning and the people who decide."),
        ("Science", "Discoveries from Ennet University and the night sky above it."),
        ("Climate & Energy", "Weather, power, tides, and what the town does about them."),
        ("Culture", "Stages, books, music, museums and everything after eight o’clock."),
        ("Business", "Shops, yards, start-ups and the price of things."),
        ("Sport", "Rovers, rowers, runners and the Sunday league."),
    ),
    "ar": (
        ("البلدية", "المجلس والميزانيات والتخطيط ومن يتخذ القرار."),
        ("العلوم", "اكتشافات الجامعة والسماء فوقها."),
        ("المناخ والطاقة", "الطقس والكهرباء والمد، وما تفعله المدينة."),
        ("الثقافة", "المسارح والكتب والموسيقى والمتاحف."),
        ("الأعمال", "المتاجر والشركات الناشئة وأسعار الأشياء."),
        ("الرياضة", "كرة القدم والتجديف والجري."),
    ),
}
_NAMES = {
    "en": ("The Saltmere Lantern", "News from the harbour, the hills and the last ferry"),
    "ar": ("بريد الميناء", "أخبار الساحل وما تعنيه"),
}


@dataclass(frozen=True, slots=True)
class World:
    """What a visit of a page begins with; every visit may make readers of its own."""

    client: FlaskClient
    runtime: Runtime
    newsletter: Newsletter

    @property
    def links(self) -> Links:
        return self.runtime.links

    def reader(self, **values: object) -> Subscription:
        """Make a reader of the newsletter, who has confirmed unless it is said otherwise."""
        with transaction(self.runtime.sessions) as session:
            newsletter = session.get_one(Newsletter, self.newsletter.id)
            topics = [topic.id for topic in newsletter.topics[:3]]
            moment = datetime.now(UTC)
            return make_subscription(
                session,
                newsletter,
                **{
                    "locale": newsletter.locale,
                    "topic_ids": topics,
                    "requested_at": moment,
                    "next_due_at": moment + timedelta(days=3),
                    **values,
                },
            )

    def pending(self) -> Subscription:
        return self.reader(state=SubscriptionState.PENDING, confirmed_at=None)

    def get(self, url: str) -> TestResponse:
        return self.client.get(self._path(url), headers=self._headers, follow_redirects=True)

    def post(self, url: str, *, page: str = "", **fields: object) -> TestResponse:
        """Send a form with the CSRF token of a page (its own, if no other is named), and follow on."""
        return self.client.post(
            self._path(url),
            data={"csrf_token": self._token(page or url), **fields},
            headers=self._headers,
            follow_redirects=True,
        )

    def stamp(self) -> str:
        """What says when a form was made: some seconds ago."""
        moment = datetime.now(UTC) - timedelta(seconds=10)
        return self.runtime.tokens.make(
            Purpose.FORM, [self.newsletter.id, int(moment.timestamp())], at=moment
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {"Accept-Language": self.newsletter.locale}

    def _token(self, url: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(url).text)
        return found[1] if found else ""

    def _path(self, url: str) -> str:
        return url.removeprefix(self.links.base_url)


def build(session: Session, *, locale: str) -> Newsletter:
    """Make a newsletter with everything a masthead and an imprint can have."""
    name, tagline = _NAMES[locale]
    newsletter = make_newsletter(
        session,
        slug=f"lantern-{locale}",
        name=name,
        tagline=tagline,
        locale=locale,
        topics=tuple(topic for topic, _ in _TOPICS[locale]),
        home_url="https://saltmere.example/",
        privacy_url="https://saltmere.example/privacy",
        time_zone="Europe/London",
        recognises=True,
    )
    for number, (topic, (_, description)) in enumerate(zip(newsletter.topics, _TOPICS[locale], strict=True)):
        topic.description, topic.slug = description, f"topic-{number}"
    session.flush()
    shelf.fill(session, newsletter)
    return newsletter
