"""Addresses of articles: what is one story, and what may be linked to at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles import urls


@pytest.mark.parametrize(
    "variant",
    [
        "https://courier.example/news/ferry",
        "http://courier.example/news/ferry",
        "HTTPS://Courier.Example/news/ferry/",
        "https://courier.example:443/news/ferry#comments",
        "http://courier.example:80/news/ferry?utm_source=rss&utm_medium=feed",
        "https://courier.example/news/ferry?fbclid=x&gclid=y&mc_cid=z",
        "https://courier.example/news/ferry/amp",
        "https://courier.example/news/ferry/amp/",
        "https://courier.example/news/ferry.amp",
        "https://courier.example/news/ferry?amp=1",
    ],
)
def test_variants_of_one_story_have_one_address(variant: str) -> None:
    assert urls.canonical(variant) == "https://courier.example/news/ferry"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/?p=1", "https://a.example/?p=2"),
        ("https://a.example/News", "https://a.example/news"),
        ("https://a.example:8080/x", "https://a.example/x"),
        ("https://a.example/#!/story/1", "https://a.example/#!/story/2"),
        ("https://a.example/camp", "https://a.example/c"),
    ],
)
def test_different_stories_keep_different_addresses(one: str, other: str) -> None:
    assert urls.canonical(one) != urls.canonical(other)


def test_the_order_of_parameters_does_not_matter() -> None:
    assert urls.canonical("https://a.example/x?b=2&a=1") == urls.canonical("https://a.example/x?a=1&b=2")


@given(
    st.from_regex(
        r"\Ahttps?://[a-z]{1,8}\.example(:[1-9][0-9]{1,3})?(/[a-zA-Z0-9._~-]{0,6}){0,4}(\?[a-z0-9=&_]{0,12})?\Z"
    )
)
def test_folding_an_address_twice_changes_nothing(url: str) -> None:
    once = urls.canonical(url)
    assert urls.canonical(once) == once


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("/a/b", "https://courier.example/a/b"),
        ("b?x=1", "https://courier.example/feed/b?x=1"),
        ("//other.example/c", "https://other.example/c"),
        ("  https://courier.example/x  ", "https://courier.example/x"),
        ("https://courier.example/straße ä", "https://courier.example/stra%C3%9Fe%20%C3%A4"),
        ("https://courier.example/a%20b", "https://courier.example/a%20b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://courier.example", "https://courier.example/"),
    ],
)
def test_addresses_become_absolute_ascii(written: str, absolute: str) -> None:
    assert urls.resolve(written, base="https://courier.example/feed/index.xml") == absolute


@pytest.mark.parametrize(
    "written",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://courier.example/x",
        "file:///etc/passwd",
        "https://user:secret@courier.example/",
        "https://courier.example/a\r\nBcc: x@y.example",
        "https://courier.example\\@evil.example/",
        "https://:443/x",
        "https://[::1",
        "https://courier.example:99999/",
        "https://cou rier.example/",
        "https://courier.example/" + "x" * 3000,
    ],
)
def test_addresses_that_must_not_be_linked_to_are_none(written: str) -> None:
    assert urls.resolve(written, base="https://courier.example/") is None


@given(st.text(max_size=80))
def test_any_text_gives_a_clean_address_or_none(written: str) -> None:
    url = urls.resolve(written, base="https://courier.example/")
    assert url is None or (url.isascii() and url.isprintable() and url.startswith(("http://", "https://")))
