"""What newsletters, topics and senders may be called and point to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.emails.colours import contrast
from service.errors import InvalidInput
from service.newsletters import checks, display_names
from service.newsletters.topics import split_lines


@pytest.mark.parametrize(
    "name",
    [
        "The Harbour Courier",
        "Åse på Øya",
        "Гавань",
        "港口日报",
        "Bell & Sons, est. 1904",
        "Radio 4",
        "Re Union",
    ],
)
def test_plain_sender_names_are_taken_as_they_are(name: str) -> None:
    assert display_names.check(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "Enter the name"),
        ("—", "Enter the name"),
        ("Re: your account", "like a reply"),
        ("FWD: news", "like a reply"),
        ("The Courier (2)", "count of unread"),
        ("news@courier.example", "not an address"),
        ("see https://courier.example", "not an address"),
        ("{{ name }} and us", "placeholders"),
        ("The Courier ✓", "emoji"),
        ("Courier 🗞", "emoji"),
        ("The Cou\u200brier", "emoji"),
        ("Pаypal", "look like others"),  # with a Cyrillic а
        ("𝐂𝐨𝐮𝐫𝐢𝐞𝐫", "look like others"),
        ('"The Courier"', "quotation marks"),
        ("Courier\r\nBcc: x@y.example", "one line"),
        ("=?utf-8?q?=0D=0ABcc?=", "one line"),
        ("x" * 65, "at most 64"),
    ],
)
def test_sender_names_that_pretend_are_refused_with_a_reason(name: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        display_names.check(name)


@given(st.text())
def test_an_accepted_line_is_always_safe_in_a_header(text: str) -> None:
    try:
        line = checks.line(text, field="name", longest=80)
    except InvalidInput:
        return
    assert not set(line) & set("\r\n\0\u2028\u2029\u202e")
    assert "=?" not in line


@given(st.integers(min_value=0, max_value=0xFFFFFF))
def test_an_accent_is_readable_or_a_readable_one_is_proposed(number: int) -> None:
    colour = f"#{number:06x}"
    try:
        accepted = checks.accent(colour)
    except InvalidInput as refused:
        accepted = checks.accent(str(refused).rpartition(" ")[2].rstrip("."))
    assert contrast(accepted, "#ffffff") >= 4.5
    assert contrast(accepted, "#fdfcf9") >= 4.5


@pytest.mark.parametrize("colour", ["red", "#12", "#gggggg", "", "#1234567", "8a1c1c;}"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(InvalidInput, match="six digits"):
        checks.accent(colour)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://courier.example/a?b=c", "https://courier.example/a?b=c"),
        ("courier.example", "https://courier.example"),
        ("  http://127.0.0.1:8000/feed ", "http://127.0.0.1:8000/feed"),
        ("", ""),
    ],
)
def test_web_addresses_are_read_kindly(typed: str, address: str) -> None:
    assert checks.web_address(typed, field="url") == address


@pytest.mark.parametrize(
    "typed",
    [
        "javascript://alert(1)",
        "ftp://courier.example",
        "https://",
        "https://a b.example",
        "https://user:pass@courier.example",
        "https://courier.example:99999",
        'https://courier.example/"onload',
        "https://[::1",
        "https://courier.example/\0",
        "https://courier.example/\x85x",
        "https://courier.example/" + "x" * 500,
    ],
)
def test_other_addresses_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        checks.web_address(typed, field="url")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("The Harbour Courier", "the-harbour-courier"),
        ("Größe & Maß", "grosse-and-mass"),
        ("港口", "newsletter"),
        ("--", "newsletter"),
    ],
)
def test_slugs_come_from_names(name: str, slug: str) -> None:
    assert checks.slug_from(name, fallback="newsletter") == slug
    assert checks.slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "-a", "a--b", "a_b", "ä", "x" * 41, "a/b"])
def test_other_slugs_are_refused(slug: str) -> None:
    with pytest.raises(InvalidInput):
        checks.slug(slug)


def test_zones_and_languages_must_exist() -> None:
    assert checks.time_zone("Europe/Vienna") == "Europe/Vienna"
    assert checks.locale("fr_CA") == "fr-CA"
    for check, wrong in (
        (checks.time_zone, "Europe/Atlantis"),
        (checks.locale, "xx-yy-zz"),
        (checks.locale, ""),
    ):
        with pytest.raises(InvalidInput):
            check(wrong)


def test_a_postal_address_is_a_few_clean_lines() -> None:
    assert checks.postal_address(" 1 Quay Street \r\n\r\n Harbour ") == "1 Quay Street\nHarbour"
    assert checks.postal_address("  ") == ""
    for wrong in ("12345", "a\n" * 7, "x" * 301):
        with pytest.raises(InvalidInput):
            checks.postal_address(wrong)


def test_topics_typed_one_per_line_lose_blanks_and_repetitions() -> None:
    assert split_lines("Science\n\n  City Hall \r\nscience\n") == ["Science", "City Hall"]
