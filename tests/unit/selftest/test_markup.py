"""The self-test's browser reads pages and forms as a browser without scripts does."""

import pytest

from service.selftest import markup
from service.selftest.checks import CheckFailed

PAGE = """<!doctype html><html><head><title>A page</title><style>p { }</style></head><body>
<script>var hidden = "<p>never shown</p>";</script>
<p>Hello <b>there</b></p> <a href="/next?a=1&amp;b=2">Go <i>on</i></a>
<div role="alert"><div>Something <b>is</b> wrong</div> here</div><p>after</p>
<form method="post" action="/save">
<input type="hidden" name="csrf_token" value="t0ken">
<label for="mail">Address</label><input id="mail" name="email" type="email">
<label><input type="checkbox" name="topics" value="1" checked> City news</label>
<label><input type="checkbox" name="topics" value="2"> Science</label>
<input type="radio" name="rhythm" value="daily" checked><input type="radio" name="rhythm" value="weekly">
<select name="zone"><optgroup label="Europe"><option value="a">Rome</option>
<option value="b" selected>Bari &amp; Lecce</option></optgroup></select>
<textarea name="body">First
second</textarea>
<input name="off" value="x" disabled>
<button type="submit">Save</button><button name="check" value="1">Check <span>it</span></button>
<button type="button">Nothing</button>
</form></body></html>"""


def sent(form: markup.Form, button: str = "Save") -> list[tuple[str, str]]:
    return form.pairs(next(one for one in form.buttons if one.label == button))


def test_text_title_links_and_alerts_are_what_a_person_sees() -> None:
    page = markup.read(PAGE)
    assert page.title == "A page"
    assert page.text.startswith("Hello there Go on Something is wrong here after Address")
    assert "never shown" not in page.text
    assert page.links == [("Go on", "/next?a=1&b=2")]
    assert [" ".join(alert.split()) for alert in page.alerts] == ["Something is wrong here"]


def test_an_untouched_form_sends_what_the_page_gave() -> None:
    (form,) = markup.read(PAGE).forms
    assert sent(form) == [
        ("csrf_token", "t0ken"),
        ("email", ""),
        ("topics", "1"),
        ("rhythm", "daily"),
        ("zone", "b"),
        ("body", "First\nsecond"),
    ]
    assert [button.label for button in form.buttons] == ["Save", "Check it"]
    assert ("check", "1") in sent(form, "Check it")


def test_what_is_filled_in_is_sent() -> None:
    (form,) = markup.read(PAGE).forms
    form.fill(email="a@b.example", rhythm="weekly").tick("topics", "Science").choose("zone", "Rome")
    assert {("email", "a@b.example"), ("rhythm", "weekly"), ("topics", "2"), ("zone", "a")} <= set(sent(form))
    assert ("topics", "1") not in sent(form)
    assert ("rhythm", "daily") not in sent(form)


@pytest.mark.parametrize(
    "act",
    [
        lambda form: form.fill(nothing="x"),
        lambda form: form.tick("topics", "Sports"),
        lambda form: form.choose("zone", "Oslo"),
    ],
    ids=["field", "box", "option"],
)
def test_what_a_form_does_not_offer_cannot_be_filled_in(act) -> None:
    (form,) = markup.read(PAGE).forms
    with pytest.raises(CheckFailed):
        act(form)


def test_labels_name_their_fields_inside_and_by_reference() -> None:
    (form,) = markup.read(PAGE).forms
    labels = {control.name + control.value: control.label for control in form.controls}
    assert labels["email"] == "Address"
    assert labels["topics2"] == "Science"
    assert form.is_about("City")
    assert not form.is_about("Sports")
