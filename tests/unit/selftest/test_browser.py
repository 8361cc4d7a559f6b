"""The self-test's browser against a small real server: cookies, redirects, forms, and what is refused."""

import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from werkzeug.serving import make_server
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from service.selftest.browser import Browser
from service.selftest.checks import CheckFailed

FORM = (
    '<form method="post" action="/take"><input name="word"><input name="many" value="1">'
    '<input name="many" value="2"><button>Send it</button></form><a href="/form">Back</a>'
)
TOKEN = "a" * 80


@Request.application
def site(request: Request) -> Response:
    if request.path == "/form":
        page = Response(FORM, mimetype="text/html")
        page.set_cookie("seen", "yes")
        return page
    if request.path == "/take":
        if request.cookies.get("seen") != "yes":
            return Response("no cookie", status=400)
        sent = parse_qs(request.get_data(as_text=True))
        return redirect(f"/done?{sent['word'][0]}={len(sent['many'])}", code=303)
    if request.path == "/done":
        return Response(f"<p>{request.query_string.decode()}</p>", mimetype="text/html")
    if request.path == "/who":
        return Response(request.headers.get("X-Forwarded-For", "nobody"))
    if request.path == "/live":
        return Response(": hello\n\nevent: pulse\ndata: <p>7</p>\n\n", mimetype="text/event-stream")
    return Response('<p>Sorry</p><p role="alert">It is broken.</p>', status=500, mimetype="text/html")


@pytest.fixture
def base_url() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, site, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def browser(base_url: str) -> Iterator[Browser]:
    with Browser(base_url) as browser:
        yield browser


def test_a_form_is_sent_with_cookies_and_the_redirect_followed(browser: Browser) -> None:
    page = browser.open("/form")
    done = browser.press(page, page.form(field="word").fill(word="hello"), "Send it")
    assert done.text == "hello=2"
    assert done.moved


def test_a_single_request_follows_no_redirect(browser: Browser) -> None:
    browser.open("/form")
    answer = browser.send(
        "POST", "/take", content=b"word=x&many=1", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 303


def test_a_visitor_may_come_from_an_address_of_his_own(base_url: str) -> None:
    with Browser(base_url, address="198.18.4.7") as visitor:
        assert visitor.open("/who").text == "198.18.4.7"


def test_another_status_fails_with_what_the_page_says(browser: Browser) -> None:
    with pytest.raises(CheckFailed, match=r"/broken answered 500 instead of 200: “It is broken.”"):
        browser.open("/broken")


def test_signed_links_do_not_get_into_a_report(browser: Browser) -> None:
    with pytest.raises(CheckFailed) as failed:
        browser.open(f"/p/{TOKEN}")
    assert TOKEN not in str(failed.value)
    assert "/p/aaaaaa…" in str(failed.value)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda page: page.form(field="password"), "/form shows no form with a field “password”"),
        (lambda page: page.form(action="/other"), "/form shows no form with the target /other"),
        (lambda page: page.link("Onward"), "/form shows no link “Onward”"),
    ],
)
def test_what_is_not_on_the_page_is_named(browser: Browser, ask, sentence: str) -> None:
    page = browser.open("/form")
    with pytest.raises(CheckFailed, match=sentence):
        ask(page)


def test_a_missing_button_is_named(browser: Browser) -> None:
    page = browser.open("/form")
    with pytest.raises(CheckFailed, match="/form has no button “Delete”"):
        browser.press(page, page.form(), "Delete")


def test_a_server_that_is_away_is_a_sentence_too() -> None:
    with Browser("http://127.0.0.1:1") as browser, pytest.raises(CheckFailed, match="does not answer"):
        browser.open("/form")


def test_the_first_event_of_a_stream_is_read(browser: Browser) -> None:
    assert browser.first_event("/live") == "<p>7</p>"
    with pytest.raises(CheckFailed, match="ended without"):
        browser.first_event("/done")
