"""Merge fields: a closed list, each with words for who has none, and nothing that can break a mail."""

import pytest

from service.emails import merging
from service.emails.letters import EmailContent
from service.emails.merging import Merge
from service.emails.splice import Slot, merge_placeholder, placeholder, splice
from service.errors import InvalidInput


def test_equal_fields_share_a_slot_and_other_fallbacks_have_their_own() -> None:
    merge = Merge("The Courier")

    merge.put("{{ topics | all }} {{topics|all}} {{ topics | everything }} {{ newsletter }}")

    assert merge.uses == (("topics", "all"), ("topics", "everything"), ("newsletter", "The Courier"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ name | friend }}", "There is no field “name”"),
        ("{{ topics.__class__ | x }}", "There is no field"),
        ("{{ 7*7 }}", "There is no field"),
        ("{{ topics }}", "needs words for readers without one"),
        ("{{ topics | }}", "needs words for readers without one"),
        ("{{ topics | " + "x" * 101 + " }}", "too long"),
        ("{{ topics | a", "ends with }} in one line"),
        ("{{ topics\n| a }}", "ends with }} in one line"),
        ("topics }}", "ends with }} in one line"),
        (" ".join(f"{{{{ topics | {n} }}}}" for n in range(27)), "at most 26"),
    ],
)
def test_what_is_no_field_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Merge("The Courier").put(text)


def test_a_field_inside_the_address_of_a_link_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be part of a link"):
        merging.settle(f'<a href="https://x.example/{merge_placeholder(0)}">x</a>')


def test_values_are_put_in_as_text_and_escaped_in_html() -> None:
    required = " ".join(
        placeholder(slot) for slot in (Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.REASON)
    )
    body = f"{merge_placeholder(0)} {required}"
    values = dict.fromkeys((Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.REASON), "u")
    hostile = f'<b>"{placeholder(Slot.UNSUBSCRIBE_URL)}"</b> **x**\n{{{{ topics }}}}'

    mail = splice(EmailContent("s", body, body), values, {"merge-a": hostile})

    assert "<b>" not in mail.html
    assert "&lt;b&gt;" in mail.html
    assert "**x** {{ topics }}" in mail.text
    assert mail.html.endswith("u u u")


def test_a_missing_or_empty_value_shows_the_fallback() -> None:
    uses = (("topics", "all of it"), ("joined", "long ago"))

    assert merging.values_of(uses, {"topics": ""}) == {"merge-a": "all of it", "merge-b": "long ago"}
    assert merging.values_of(uses, {"joined": "May 2024"})["merge-b"] == "May 2024"


def test_a_public_page_shows_fallbacks() -> None:
    text = "You read {{ topics | everything }} of {{ newsletter }}."

    assert merging.without_readers(text, newsletter="The Courier") == "You read everything of The Courier."
