"""Fetching from servers that help, lie, stall and attack; real HTTP on loopback."""

import gzip
import socket
import time
import zlib
from http.server import BaseHTTPRequestHandler

import pytest

from service.articles.fetching import Fetcher
from service.errors import FetchError
from tests.feed_server import FeedServer, page, redirect, status

FEED = b"<rss><channel><title>The Courier</title></channel></rss>"


@pytest.fixture
def fetcher(server: FeedServer) -> Fetcher:
    return Fetcher({server.host}, public_url="https://news.example", deadline=1.5, connect_timeout=1)


def refusal(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(url)
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_feed_is_fetched_under_our_name(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers["/feed"] = page(FEED, Content_Type="text/xml", ETag='"a"', Last_Modified="Mon, 1 Jun 2026")
    fetched = fetcher.fetch(server.url("/feed"))
    assert (fetched.status, fetched.body, fetched.content_type) == (200, FEED, "text/xml")
    assert (fetched.etag, fetched.last_modified) == ('"a"', "Mon, 1 Jun 2026")
    (_, headers) = server.asked[0]
    assert headers["user-agent"].startswith("Broadsheet/")
    assert headers["user-agent"].endswith(" (+https://news.example)")
    assert "if-none-match" not in headers


def test_the_validators_of_last_time_bring_a_304(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers["/feed"] = status(304, ETag='"a"')
    fetched = fetcher.fetch(server.url("/feed"), etag='"a"', last_modified="Mon, 1 Jun 2026")
    assert (fetched.status, fetched.body) == (304, b"")
    assert server.asked[0][1]["if-none-match"] == '"a"'
    assert server.asked[0][1]["if-modified-since"] == "Mon, 1 Jun 2026"


@pytest.mark.parametrize("validator", ['"\xff"', '"\u2028"', '"a\x7f"', '"a\nb"', "x" * 5000])
def test_a_validator_that_no_header_can_hold_is_not_sent_back(
    server: FeedServer, fetcher: Fetcher, validator: str
) -> None:
    server.answers["/feed"] = page(FEED)
    assert fetcher.fetch(server.url("/feed"), etag=validator, last_modified=validator).body == FEED
    assert not {"if-none-match", "if-modified-since"} & set(server.asked[0][1])


@pytest.mark.parametrize("packed", [gzip.compress(FEED), zlib.compress(FEED)], ids=["gzip", "deflate"])
def test_a_packed_feed_is_unpacked(server: FeedServer, fetcher: Fetcher, packed: bytes) -> None:
    encoding = "gzip" if packed[:2] == b"\x1f\x8b" else "deflate"
    server.answers["/feed"] = page(packed, Content_Encoding=encoding)
    assert fetcher.fetch(server.url("/feed")).body == FEED


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_last_address_is_named(
    server: FeedServer, fetcher: Fetcher, code: int
) -> None:
    server.answers |= {"/old": redirect("/new", code=code), "/new": page(FEED)}
    assert fetcher.fetch(server.url("/old")).final_url == server.url("/new")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (404, "there is no feed at this address"),
        (401, "wants a password"),
        (500, r"answered 500 \(Internal Server Error\)"),
        (204, "answered 204"),
        (799, "answered 799"),
    ],
)
def test_a_bad_status_is_said_in_words(
    server: FeedServer, fetcher: Fetcher, code: int, sentence: str
) -> None:
    server.answers["/feed"] = status(code)
    with pytest.raises(FetchError, match=sentence):
        fetcher.fetch(server.url("/feed"))


def test_a_feed_that_is_gone_is_known_to_be_gone(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers["/feed"] = status(410)
    assert refusal(fetcher, server.url("/feed")).gone


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("Wed, 21 Oct 2026 08:00:00 GMT", 3600), ("soon", None), ("-5", None)],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    server: FeedServer, fetcher: Fetcher, said: str, seconds: int | None
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(429)
        handler.send_header("Date", "Wed, 21 Oct 2026 07:00:00 GMT")
        handler.send_header("Retry-After", said)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/feed"] = answer
    assert refusal(fetcher, server.url("/feed")).retry_after == seconds


def test_a_circle_of_redirects_is_noticed(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert "in a circle" in str(refusal(fetcher, server.url("/a")))


def test_a_chain_of_redirects_has_an_end(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(20)}
    assert "more than 5 times" in str(refusal(fetcher, server.url("/0")))
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.1.2.3/feed",
        "http://[::1]/feed",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://100.64.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://user:secret@93.184.216.34/",
    ],
)
def test_no_redirect_leads_into_a_private_network_or_another_scheme(
    server: FeedServer, fetcher: Fetcher, target: str
) -> None:
    server.answers["/feed"] = redirect(target)
    refusal(fetcher, server.url("/feed"))
    assert [path for path, _ in server.asked] == ["/feed"]


def test_loopback_is_closed_unless_the_environment_opened_exactly_this_port(server: FeedServer) -> None:
    server.answers["/feed"] = page(FEED)
    for closed in (Fetcher(), Fetcher({"127.0.0.1:1"}), Fetcher({"127.0.0.1"})):
        refusal(closed, server.url("/feed"))
    assert server.asked == []


def test_a_public_address_on_another_port_is_refused_before_any_connection() -> None:
    assert "ports 80 and 443 only" in str(refusal(Fetcher(), "https://93.184.216.34:8443/feed"))


@pytest.mark.parametrize("name", ["private.example", "localhost."])
def test_a_name_that_leads_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.0.7", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answer)
    assert "private network" in str(refusal(Fetcher(), f"http://{name}/feed"))


def test_a_name_is_looked_up_once_and_connected_to_as_checked(
    server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up would be answered with the metadata service, as in DNS rebinding."""
    port = int(server.host.partition(":")[2])
    server.answers["/feed"] = page(FEED)
    addresses = ["127.0.0.1", "169.254.169.254"]

    def look_up(*_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    Fetcher({f"feeds.example:{port}"}).fetch(f"http://feeds.example:{port}/feed")
    assert addresses == ["169.254.169.254"]
    assert server.asked[0][1]["host"] == f"feeds.example:{port}"


def test_proxies_of_the_environment_are_not_used(
    server: FeedServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server.answers["/feed"] = page(FEED)
    assert fetcher.fetch(server.url("/feed")).body == FEED


def test_fifty_megabytes_are_not_read_whatever_the_header_says(server: FeedServer, fetcher: Fetcher) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        for _ in range(800):
            handler.wfile.write(b"x" * 65536)
            sent += 65536

    server.answers |= {"/said": page(b"", Content_Length=str(50 << 20)), "/unsaid": endless}
    assert "larger than 5 MB" in str(refusal(fetcher, server.url("/said")))
    assert "larger than 5 MB" in str(refusal(fetcher, server.url("/unsaid")))
    assert sent < 30 << 20


def test_a_packed_bomb_is_not_unpacked(server: FeedServer, fetcher: Fetcher) -> None:
    server.answers |= {
        "/bomb": page(gzip.compress(b"\0" * (4 << 20)), Content_Encoding="gzip"),
        "/huge": page(gzip.compress(b"\0" * (50 << 20)), Content_Encoding="gzip"),
        "/twice": page(gzip.compress(gzip.compress(FEED)), Content_Encoding="gzip, gzip"),
        "/brotli": page(b"x", Content_Encoding="br"),
        "/torn": page(gzip.compress(FEED)[:-8], Content_Encoding="gzip"),
        "/lie": page(FEED, Content_Encoding="gzip"),
    }
    assert "packed so tightly" in str(refusal(fetcher, server.url("/bomb")))
    assert "larger than 5 MB" in str(refusal(fetcher, server.url("/huge")))
    assert "not accepted (gzip, gzip)" in str(refusal(fetcher, server.url("/twice")))
    assert "not accepted (br)" in str(refusal(fetcher, server.url("/brotli")))
    assert "broke off" in str(refusal(fetcher, server.url("/torn")))
    assert "cannot be unpacked" in str(refusal(fetcher, server.url("/lie")))


def drip(part: bytes) -> object:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(100):
            handler.wfile.write(part)
            time.sleep(0.1)

    return answer


@pytest.mark.parametrize(
    "part", [b"HTTP/1.1 200 OK\r\n\r\n" + b"x", b"HTTP/1.1 200 OK\r\nX: 1\r\n"[:1]], ids=["body", "header"]
)
def test_a_server_that_drips_is_left_after_the_deadline(
    server: FeedServer, fetcher: Fetcher, part: bytes
) -> None:
    server.answers["/feed"] = drip(part)  # type: ignore[assignment]  # an Answer
    began = time.monotonic()
    assert "within 1.5 seconds" in str(refusal(fetcher, server.url("/feed")))
    assert time.monotonic() - began < 3


def test_a_server_that_hangs_up_or_is_not_there_is_said_in_words(
    server: FeedServer, fetcher: Fetcher
) -> None:
    server.answers["/feed"] = page(FEED, Content_Length="5000")
    assert "broke off" in str(refusal(fetcher, server.url("/feed")))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        assert "could not be reached" in str(refusal(Fetcher({host}), f"http://{host}/"))


def test_a_name_that_nobody_has_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "no server of that name" in str(refusal(Fetcher(), "http://feeds.example/"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "not complete"),
        ("courier.example/feed", "not complete"),
        ("ftp://courier.example/feed", "begins with ftp://"),
        ("https://user:secret@courier.example/feed", "user name or password"),
        ("https://courier.example:70000/", "not complete"),
        ("https://[::1", "not complete"),
        ("http:///feed", "not complete"),
        ("http://exa\nmple.org/", "."),
    ],
)
def test_addresses_that_are_none_are_refused_with_a_sentence(url: str, sentence: str) -> None:
    assert sentence in str(refusal(Fetcher(), url))
