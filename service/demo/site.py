"""The demo's news site: a small WSGI app with a front page, articles, pictures and RSS feeds.

It stands for somebody's real site, so it knows nothing of Broadsheet but the address of the sign-up
page. All dates follow from `started_at`, which makes them the same after every restart.
"""

import signal
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from service.demo.newsprint import PAGES, Story, newsprint
from service.demo.pictures import draw_picture
from service.demo.publication import SampleArticle, SamplePublication, SampleTopic, load_publication
from service.errors import StartupError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LATEST = 12
_PER_SECTION = 3

_ROUTES = Map(
    [
        Rule("/", endpoint="front", methods=["GET"]),
        Rule("/topics/<slug>", endpoint="topic", methods=["GET"]),
        Rule("/articles/<slug>", endpoint="article", methods=["GET"]),
        Rule("/pictures/<seed>.png", endpoint="picture", methods=["GET"]),
        Rule("/feed.xml", endpoint="feed", methods=["GET"]),
        Rule("/feeds/<slug>.xml", endpoint="topic_feed", methods=["GET"]),
        Rule("/paper.css", endpoint="style", methods=["GET"]),
    ]
)


class Site:
    """The WSGI app; `base_url` is where its own pages are found, without a slash at the end."""

    def __init__(
        self, publication: SamplePublication, *, base_url: str, signup_url: str, started_at: datetime
    ) -> None:
        self._publication = publication
        self._base_url = base_url
        self._started_at = started_at.astimezone(UTC).replace(microsecond=0)
        self._stories = [self._story(article) for article in publication.articles]
        self._topics = {topic.slug: topic for topic in publication.topics}
        self._by_slug = {story.article.slug: story for story in self._stories}
        self._seeds = {story.article.picture.seed for story in self._stories if story.article.picture}
        self._pages = newsprint(publication, signup_url=signup_url, today=self._started_at)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
            response: Response = getattr(self, f"_{endpoint}")(**values)
        except NotFound:
            return Response(self._page("missing.html"), status=404, mimetype="text/html")
        except HTTPException as error:
            return Response(error.description, status=error.code)
        response.make_conditional(request)
        # The server writes a date of its own.
        response.headers.pop("Date", None)
        return response

    def _front(self) -> Response:
        lead = next((story for story in self._stories if story.picture_url), self._stories[0])
        latest = [story for story in self._stories[: _LATEST + 1] if story is not lead][:_LATEST]
        shown = {lead.url, *(story.url for story in latest)}
        sections = []
        for topic in self._publication.topics:
            fresh = [story for story in self._in_topic(topic) if story.url not in shown][:_PER_SECTION]
            shown.update(story.url for story in fresh)
            sections.append((topic, fresh))
        return self._html("front.html", lead=lead, stories=latest, sections=sections)

    def _topic(self, *, slug: str) -> Response:
        topic = self._get_topic(slug)
        lead, *rest = self._in_topic(topic)
        return self._html(
            "front.html",
            heading=topic.name,
            description=topic.description,
            current=slug,
            feed_path=f"/feeds/{slug}.xml",
            lead=lead,
            stories=rest,
        )

    def _article(self, *, slug: str) -> Response:
        story = self._by_slug.get(slug)
        if story is None:
            raise NotFound
        topic = self._get_topic(story.article.topic)
        more = [other for other in self._in_topic(topic) if other is not story][:_PER_SECTION]
        return self._html("article.html", story=story, more=more, current=topic.slug)

    def _picture(self, *, seed: str) -> Response:
        # Only what the paper prints: drawing costs time, and anybody can make up a seed.
        if seed not in self._seeds:
            raise NotFound
        response = Response(draw_picture(seed), mimetype="image/png")
        response.cache_control.max_age = 86_400
        response.add_etag()
        return response

    def _feed(self) -> Response:
        publication = self._publication
        return self._rss(publication.name, publication.description, self._stories, path="/feed.xml")

    def _topic_feed(self, *, slug: str) -> Response:
        topic = self._get_topic(slug)
        title = f"{self._publication.name} – {topic.name}"
        return self._rss(title, topic.description, self._in_topic(topic), path=f"/feeds/{slug}.xml")

    def _style(self) -> Response:
        response = Response((PAGES / "paper.css").read_bytes(), mimetype="text/css")
        response.add_etag()
        return response

    def _rss(self, title: str, description: str, stories: list[Story], *, path: str) -> Response:
        body = self._page(
            "feed.xml",
            title=title,
            description=description,
            stories=stories,
            home_url=f"{self._base_url}/",
            self_url=f"{self._base_url}{path}",
        )
        response = Response(body, content_type="application/rss+xml; charset=utf-8")
        response.last_modified = stories[0].published_at
        response.add_etag()
        return response

    def _html(self, name: str, **context: object) -> Response:
        return Response(self._page(name, **context), mimetype="text/html")

    def _page(self, name: str, **context: object) -> str:
        return self._pages.get_template(name).render(context)

    def _get_topic(self, slug: str) -> SampleTopic:
        topic = self._topics.get(slug)
        if topic is None:
            raise NotFound
        return topic

    def _in_topic(self, topic: SampleTopic) -> list[Story]:
        spellings = set(topic.feed_categories)
        return [story for story in self._stories if spellings.intersection(story.article.categories)]

    def _story(self, article: SampleArticle) -> Story:
        picture = article.picture
        return Story(
            article=article,
            published_at=self._started_at - article.age,
            url=f"{self._base_url}/articles/{article.slug}",
            picture_url=f"{self._base_url}/pictures/{picture.seed}.png" if picture else None,
        )


class _QuietHandler(WSGIRequestHandler):
    """Serve without a line per request: the demo's terminal belongs to Broadsheet."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Drop the line."""


def serve(*, port: int, signup_url: str, started_at: datetime) -> None:
    """Serve the news site on loopback until SIGTERM or Ctrl-C; call it from the main thread.

    :raises StartupError: if the port is in use.
    """
    with _listen(port) as listener:
        site = Site(
            load_publication(),
            base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            signup_url=signup_url,
            started_at=started_at,
        )
        server = make_server(
            "127.0.0.1", port, site, threaded=True, request_handler=_QuietHandler, fd=listener.fileno()
        )
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        thread = Thread(target=server.serve_forever, name="demo-site", daemon=True)
        thread.start()
        stop.wait()
        server.shutdown()
        thread.join()
        server.server_close()


def _listen(port: int) -> socket.socket:
    # Werkzeug prints and exits when a port is taken; binding here leaves the words to us.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise StartupError(
            f"Port {port} for the sample news site cannot be used: {error.strerror}."
        ) from error
    listener.listen(64)
    return listener
