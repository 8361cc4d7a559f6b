"""What an action changed, as a person reads it."""

from service.ops.audit_changes import Change, changes


def test_only_what_differs_is_shown() -> None:
    assert changes({"name": "A", "hour": 7}, {"name": "B", "hour": 7}) == (Change("name", "A", "B"),)


def test_one_side_alone_is_shown_whole() -> None:
    assert changes(None, {"role": "editor"}) == (Change("role", None, "editor"),)
    assert changes({"role": "editor"}, None) == (Change("role", "editor", None),)
    assert changes(None, None) == ()


def test_values_are_words() -> None:
    found = changes(
        {"is_open": True, "topic_ids": [], "note": None}, {"is_open": False, "topic_ids": [1, 2], "note": "x"}
    )
    assert [(one.name, one.before, one.after) for one in found] == [
        ("is open", "yes", "no"),
        ("topic ids", "nothing", "1, 2"),
        ("note", "nothing", "x"),
    ]
    assert found[0].in_words() == "is open: yes → no"


def test_a_long_text_is_compared_line_by_line() -> None:
    lines = [f"line {number} of the text" for number in range(20)]
    [found] = changes({"body": "\n".join(lines)}, {"body": "\n".join([*lines[:9], "new", *lines[10:]])})
    assert found.lines == (
        (" ", "line 8 of the text"),
        ("-", "line 9 of the text"),
        ("+", "new"),
        (" ", "line 10 of the text"),
    )
