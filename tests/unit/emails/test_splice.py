"""The last step: one reader's values into a mail that was rendered once."""

from html import unescape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.emails.letters import EmailContent
from service.emails.rendering import render
from service.emails.sanitising import single_line
from service.emails.splice import LONGEST_REASON, REQUIRED, Slot, placeholder, splice
from tests.emails.samples import PLACEHOLDERS, READER, blast, digest

VALUES = {
    Slot.UNSUBSCRIBE_URL: READER.unsubscribe_url,
    Slot.PREFERENCES_URL: READER.preferences_url,
    Slot.REASON: READER.reason,
    Slot.VIEW_URL: READER.view_url,
}
SHORT = EmailContent(
    subject="S",
    text="\n".join(placeholder(slot) for slot in Slot),
    html="<p>" + "|".join(placeholder(slot) for slot in Slot) + "</p>",
)


@pytest.mark.parametrize("make", [digest, blast])
def test_splicing_gives_the_mail_that_rendering_with_the_values_gives(make) -> None:
    assert splice(render(make(links=PLACEHOLDERS)), VALUES) == render(make(links=READER))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_values_are_escaped_in_html_and_literal_in_text(value: str) -> None:
    assume(not {part for part in placeholder(Slot.REASON).split("reason") if part in value})
    spliced = splice(SHORT, {**VALUES, Slot.REASON: value})
    before, after = f"{READER.unsubscribe_url}|{READER.preferences_url}|", f"|{READER.view_url}"
    line = single_line(value)
    inner = spliced.html.removeprefix("<p>").removesuffix("</p>")
    assert not {"<", ">", '"'} & set(inner)
    assert unescape(inner) == before + line + after
    assert spliced.text.replace("\n", " ") == f"{before[:-1].replace('|', ' ')} {line} {after[1:]}"


@given(st.sets(st.sampled_from(list(Slot)), max_size=3))
def test_every_slot_needs_its_value(given_slots: set[Slot]) -> None:
    with pytest.raises(ValueError, match="needs a value for"):
        splice(SHORT, {slot: VALUES[slot] for slot in given_slots})


@pytest.mark.parametrize("slot", sorted(REQUIRED))
def test_a_mail_without_the_place_for_a_value_is_not_sent(slot: Slot) -> None:
    for part in ("text", "html"):
        fields = {"subject": "S", "text": SHORT.text, "html": SHORT.html}
        fields[part] = fields[part].replace(placeholder(slot), "")
        with pytest.raises(ValueError, match=f"no place for: {slot.value}"):
            splice(EmailContent(**fields), VALUES)


@pytest.mark.parametrize("slot", Slot)
def test_a_placeholder_that_comes_in_with_a_value_is_caught(slot: Slot) -> None:
    with pytest.raises(ValueError, match="left in the mail"):
        splice(SHORT, {**VALUES, Slot.REASON: placeholder(slot)})
    with pytest.raises(ValueError, match="left in the mail"):
        splice(EmailContent(subject=placeholder(slot), text=SHORT.text, html=SHORT.html), VALUES)


def test_one_readers_values_never_stay_for_the_next() -> None:
    content = render(digest(links=PLACEHOLDERS))
    ann = splice(content, {**VALUES, Slot.UNSUBSCRIBE_URL: "https://post.example.org/u/ann"})
    bob = splice(content, {**VALUES, Slot.UNSUBSCRIBE_URL: "https://post.example.org/u/bob"})
    assert "u/ann" not in bob.html + bob.text
    assert ann.html.count("u/ann") == bob.html.count("u/bob") == 3


def test_a_long_reason_is_wrapped_in_the_text() -> None:
    spliced = splice(SHORT, {**VALUES, Slot.REASON: "because " * 40})
    assert max(len(line) for line in spliced.text.splitlines()) <= 78


def test_a_mail_from_before_mails_were_pages_still_goes_out() -> None:
    old = EmailContent("S", SHORT.text.replace(placeholder(Slot.VIEW_URL), ""), SHORT.html)
    spliced = splice(old, VALUES)
    assert READER.view_url not in spliced.text
    assert READER.unsubscribe_url in spliced.text


def test_a_reason_with_hundreds_of_topics_does_not_swell_the_footer() -> None:
    spliced = splice(SHORT, {**VALUES, Slot.REASON: "Science, " * 400})
    assert len(spliced.text) < 2 * LONGEST_REASON
