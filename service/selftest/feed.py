"""A tiny news site for the self-test: one feed with a handful of articles, served on loopback."""

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape

CITY, SCIENCE, KITCHEN = "City", "Science", "Kitchen"
TOPICS = (CITY, SCIENCE, KITCHEN)
#: What the feed calls Science in some articles: an operator has to say so.
LABORATORY = "Laboratory"


@dataclass(frozen=True, slots=True)
class Piece:
    """One article; `category` is what the feed says, `topic` what is meant."""

    slug: str
    title: str
    category: str
    topic: str
    summary: str
    hours_old: int


#: Two are hostile: an encoded word that would add a header, and a script in a summary.
FIRST = (
    Piece("bridge", "The old bridge opens again", CITY, CITY, "After two years of repairs.", 3),
    Piece("trams", "Night trams return: 60% more riders", CITY, CITY, "Lines 2 and 7 run until three.", 9),
    Piece("archive", "=?utf-8?q?Archive=0D=0ABcc:_thief@example.com?= found", CITY, CITY, "Letters.", 20),
    Piece("moss", "Moss remembers the rain", SCIENCE, SCIENCE, "A drought experiment.", 5),
    Piece("comet", "Ein Komet über dem Hafen, 彗星", SCIENCE, SCIENCE, "Look north-west at dusk.", 26),
    Piece("lens", "A lens made of water", LABORATORY, SCIENCE, "<script>alert(1)</script><b>Clear</b>.", 7),
    Piece("soil", "Soil that hums", LABORATORY, SCIENCE, "Microphones underground.", 30),
    Piece("soup", "Three soups for a grey week", KITCHEN, KITCHEN, "Leek, pea, and lentil.", 4),
    Piece("bread", "Bread without kneading", KITCHEN, KITCHEN, "Time does the work.", 12),
    Piece("plums", "The last plums", KITCHEN, KITCHEN, "A tart and a jam.", 28),
)

SECOND = (
    Piece("pool", "The harbour pool gets a roof", CITY, CITY, "Swimming in December.", 0),
    Piece("market", "Market hall moves for a year", CITY, CITY, "The stalls cross the river.", 0),
    Piece("fungus", "A fungus that counts", SCIENCE, SCIENCE, "Nobody knows to what.", 0),
    Piece("glass", "Glass that heals overnight", LABORATORY, SCIENCE, "Warmth is enough.", 0),
    Piece("dumplings", "Dumplings, folded by the dozen", KITCHEN, KITCHEN, "Bring friends.", 0),
    Piece("beans", "White beans with sage", KITCHEN, KITCHEN, "Ready in twenty minutes.", 0),
)


class FeedServer:
    """Serves `/feed.xml` and a page per article, and remembers how it was asked; a context manager."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._pieces: tuple[Piece, ...] = FIRST
        #: (If-None-Match was sent, User-Agent) of every request for the feed.
        self.asked: list[tuple[bool, str]] = []
        self.read: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_port
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/feed.xml"

    def url_of(self, piece: Piece) -> str:
        return f"http://{self.host}/{piece.slug}"

    def publish(self, pieces: tuple[Piece, ...], *, now: datetime) -> None:
        """Put newer articles on top of the feed."""
        self._now = now
        self._pieces = pieces + self._pieces

    def rss(self) -> bytes:
        items = "".join(self._item(piece) for piece in self._pieces)
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
            f"<title>The Selftest Gazette</title><link>http://{self.host}/</link>"
            f"<description>Made up for a self-test</description>{items}</channel></rss>"
        ).encode()

    def _item(self, piece: Piece) -> str:
        published = format_datetime(self._now - timedelta(hours=piece.hours_old, minutes=1))
        return (
            f"<item><guid isPermaLink='false'>{piece.slug}</guid><title>{escape(piece.title)}</title>"
            f"<link>{self.url_of(piece)}</link><category>{escape(piece.category)}</category>"
            f"<description>{escape(piece.summary)}</description><pubDate>{published}</pubDate></item>"
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/feed.xml":
                    self._feed()
                elif any(self.path == f"/{piece.slug}" for piece in FIRST + SECOND):
                    site.read.append(self.path)
                    self._answer(200, f"<h1>{self.path}</h1>".encode(), "text/html")
                else:
                    self._answer(404, b"no such page", "text/plain")

            def _feed(self) -> None:
                body = site.rss()
                tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
                known = self.headers.get("If-None-Match", "")
                site.asked.append((bool(known), self.headers.get("User-Agent", "")))
                if known == tag:
                    self._answer(304, b"", "application/rss+xml", tag=tag)
                else:
                    self._answer(200, body, "application/rss+xml", tag=tag)

            def _answer(self, status: int, body: bytes, kind: str, *, tag: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if tag:
                    self.send_header("ETag", tag)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it)
                pass

        return Handler
