"""Parts of the console's benchmark: plans, forms, addresses, and the timeline of mailings."""

import pytest
from werkzeug.routing import Map, Rule

from service.bench.console import forms
from service.bench.console.plan_rows import rows_read
from service.bench.console.routes import Routes, deep, kind_of
from service.bench.console.size import Size, timeline


def test_rows_that_were_thrown_away_count_as_read_and_partitions_as_their_table() -> None:
    plan = {
        "Node Type": "Append",
        "Plans": [
            {
                "Relation Name": "messages_p0",
                "Actual Rows": 10.0,
                "Rows Removed by Filter": 5,
                "Actual Loops": 3,
            },
            {"Relation Name": "messages_p12", "Actual Rows": 1.5, "Actual Loops": 2},
            {"Relation Name": "subscribers", "Actual Rows": 7, "Actual Loops": 1},
            {"Relation Name": "messages_p3", "Actual Rows": 0, "Actual Loops": 0},
        ],
    }
    assert rows_read(plan) == {"messages": 48, "subscribers": 7}


def test_a_form_is_sent_with_what_is_ticked_chosen_and_typed() -> None:
    page = """
    <form method="post" action="/other"><input name="other" value="1"></form>
    <form method="post" data-mine>
    <input type="hidden" name="token" value="t"><input type="checkbox" name="a" value="1" checked>
    <input type="checkbox" name="a" value="2"><input type="submit" name="go" value="Go">
    <select name="s"><option value="1">One</option><option value="2" selected>Two</option></select>
    <textarea name="t">typed</textarea></form>
    """
    assert forms.fields_of(page) == [("other", "1")]
    assert forms.fields_of(page, marked="data-mine") == [
        ("token", "t"),
        ("a", "1"),
        ("s", "2"),
        ("t", "typed"),
    ]


@pytest.mark.parametrize(
    ("address", "far"),
    [
        ("/console/readers/?which=any&before=900", "/console/readers/?which=any&before=450"),
        ("/console/queue/messages/?before=20-77", "/console/queue/messages/?before=10-1000000000000000"),
        ("/console/readers/?which=any", None),
        ("/console/readers/?before=2026-11-25T09:00", None),
    ],
)
def test_far_down_a_list_is_half_way_to_its_end(address: str, far: str | None) -> None:
    assert deep(address) == far


def test_words_tell_addresses_apart_and_numbers_do_not() -> None:
    assert kind_of("/x?state=failed&mailing=3") == kind_of("/x?mailing=9&state=failed")
    assert kind_of("/x?state=failed") != kind_of("/x?state=sent")


def test_a_page_that_is_new_is_missing_until_something_is_found_for_it() -> None:
    routes = Routes(Map([Rule("/console/new/<int:new_id>", endpoint="console_new.show", methods=["GET"])]))
    assert routes.missing([]) == {"/console/new/<int:new_id>": "console_new.show"}
    found = routes.shape_of("/console/new/7?look=phone")
    assert found is not None
    assert str(found) == "/console/new/<int:new_id> ?look"
    assert routes.missing([found]) == {}


def test_the_ledger_is_as_long_as_asked_for_and_has_mailings_in_every_course() -> None:
    found = timeline(Size(1_000_000, 2_000, 20_000_000))
    assert sum(each.count for each in found) == 20_000_000
    assert {each.course.value for each in found} == {"past", "going", "paused", "stopped", "scheduled"}
    assert [each.age for each in found] == sorted((each.age for each in found), reverse=True)
