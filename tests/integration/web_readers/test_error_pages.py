"""What a reader sees when something cannot be done: words, a way on, and nothing of the inside."""

from typing import NoReturn

import pytest

from service.app import create_app
from service.bootstrap import Runtime
from service.errors import BroadsheetError, Conflict, ExpiredToken, TooManyRequests
from tests.integration.web_readers.browsing import Reader


@pytest.mark.parametrize(
    ("error", "status", "headline"),
    [
        (ExpiredToken("This link is too old."), 410, "This link has expired"),
        (TooManyRequests("Please wait an hour.", retry_after=3600), 429, "Please wait a little"),
        (Conflict("This was done already."), 409, "This did not work"),
        (RuntimeError("a secret of the inside"), 500, "Something went wrong"),
    ],
)
def test_an_error_is_a_page_with_its_status_a_sentence_and_a_way_on(
    runtime: Runtime, error: Exception, status: int, headline: str
) -> None:
    def fail() -> NoReturn:
        raise error

    app = create_app(runtime)
    app.add_url_rule("/failing", view_func=fail)
    answer = app.test_client().get("/failing")
    assert answer.status_code == status
    assert f"<h1>{headline}</h1>" in answer.text
    assert 'href="/"' in answer.text
    assert "a secret of the inside" not in answer.text
    if isinstance(error, BroadsheetError):
        assert str(error) in answer.text
    assert answer.headers.get("Retry-After") == ("3600" if status == 429 else None)


@pytest.mark.parametrize(
    ("asked", "language", "reads"),
    [("ar", "ar", "rtl"), ("de-AT,de;q=0.9", "de", "ltr"), ("fi", "en", "ltr"), ("", "en", "ltr")],
)
def test_an_error_page_is_in_the_language_that_the_browser_asks_for(
    reader: Reader, asked: str, language: str, reads: str
) -> None:
    answer = reader.client.get("/nothing-is-here", headers={"Accept-Language": asked})
    assert answer.status_code == 404
    assert f'<html lang="{language}" dir="{reads}">' in answer.text
