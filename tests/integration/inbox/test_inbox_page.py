"""The inbox as a page: what it shows, and what a mail in it cannot do."""

from pathlib import Path

import pytest
from werkzeug.test import Client

from service.inbox.store import Entry, Store

HTML = (
    b"Subject: Digest\r\nFrom: Desk <desk@example.org>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><head><style>@media (prefers-color-scheme: dark){p{color:#eee}}</style></head><body>"
    b"<p>Hello</p><script>parent.document.title = 'owned'</script>"
    b'<img src="http://127.0.0.1/p.png" onerror="alert(1)"></body></html>'
)


def keep(store: Store, *, to: str = "ann@example.org", subject: str = "Digest", raw: bytes = HTML) -> Entry:
    return store.add(raw, sender="bounce@example.org", recipients=[to], subject=subject)


def test_the_frame_forbids_scripts_and_lets_pictures_show(store: Store, page: Client) -> None:
    entry = keep(store)
    answer = page.get(f"/messages/{entry.id}/frame")
    rules = [rule.strip() for rule in answer.headers["Content-Security-Policy"].split(";")]

    assert rules[0] == "sandbox allow-popups allow-popups-to-escape-sandbox"
    assert "default-src 'none'" in rules
    assert not any(rule.startswith("script-src") for rule in rules)
    assert "img-src http: https: data:" in rules
    assert "<p>Hello</p>" in answer.text


def test_the_message_page_embeds_the_frame_in_a_sandbox_without_scripts(store: Store, page: Client) -> None:
    entry = keep(store)
    html = page.get(f"/messages/{entry.id}").text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    assert "allow-scripts" not in html
    assert "allow-same-origin" not in html
    assert "owned" not in html


def test_the_dark_switch_turns_the_mails_own_dark_rules_on(store: Store, page: Client) -> None:
    entry = keep(store)
    assert "@media (max-width: 0)" in page.get(f"/messages/{entry.id}/frame?scheme=light").text
    assert "@media (min-width: 0)" in page.get(f"/messages/{entry.id}/frame?scheme=dark").text


def test_the_newest_comes_first_and_opening_it_takes_the_unread_mark(store: Store, page: Client) -> None:
    keep(store, subject="Older")
    newer = keep(store, subject="Newer")
    before = page.get("/").text
    page.get(f"/messages/{newer.id}")
    after = page.get("/").text

    assert before.index("Newer") < before.index("Older")
    assert "2 messages, 2 unread" in before
    assert "2 messages, 1 unread" in after


def test_search_finds_by_recipient_and_by_subject(store: Store, page: Client) -> None:
    keep(store, to="ann@example.org", subject="Energy weekly")
    keep(store, to="bob@example.org", subject="Cities weekly")
    assert subjects(page, "/api/messages?q=BOB@") == ["Cities weekly"]
    assert subjects(page, "/api/messages?q=weekly+energy") == ["Energy weekly"]
    assert subjects(page, "/api/messages?q=nothing") == []
    assert "Nothing matches" in page.get("/?q=nothing").text


def test_the_api_answers_only_what_came_since_and_only_for_that_address(store: Store, page: Client) -> None:
    first = keep(store, subject="One")
    keep(store, subject="Two")
    keep(store, to="bob@example.org", subject="Three")
    assert subjects(page, f"/api/messages?since={first.id}") == ["Three", "Two"]
    assert subjects(page, f"/api/messages?since={first.id}&to=ANN@example.org") == ["Two"]
    assert subjects(page, "/api/messages?to=ann@example") == []


def test_a_long_list_is_read_page_by_page(store: Store, page: Client) -> None:
    for number in range(130):
        keep(store, subject=f"Mail {number}.", raw=b"")
    first = page.get("/").text
    older = first.split('class="older"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Mail 129." in first
    assert "Mail 69." not in first
    assert "Mail 69." in page.get(older).text


def test_markup_in_subjects_and_headers_is_shown_not_run(store: Store, page: Client) -> None:
    bad = "<script>alert(1)</script>"
    entry = keep(store, to=f"{bad}@example.org", subject=bad, raw=f"X-Bad: {bad}\r\n\r\n{bad}".encode())
    for path in ("/", *(f"/messages/{entry.id}?view={view}" for view in ("html", "text", "headers", "raw"))):
        answer = page.get(path)
        assert bad not in answer.text
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["localhost:8025", "127.0.0.1:8025", "[::1]:8025", "inbox.test", "INBOX.test:80"]
)
def test_it_answers_to_loopback_and_given_names(page: Client, host: str) -> None:
    assert page.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "x"])
def test_it_refuses_other_host_names(store: Store, page: Client, host: str) -> None:
    keep(store)
    answer = page.get("/api/messages", headers={"Host": host})
    assert answer.status_code == 403
    assert "ann@" not in answer.text


def test_deleting_needs_a_post_from_the_page_itself(store: Store, page: Client) -> None:
    keep(store)
    assert page.get("/delete").status_code == 405
    assert page.post("/delete").status_code == 403
    assert page.post("/delete", headers={"Origin": "http://evil.example"}).status_code == 403
    assert store.count() == 1
    assert page.post("/delete", headers={"Origin": "http://localhost"}).status_code == 303
    assert store.count() == 0


def test_what_is_not_there_is_said(page: Client) -> None:
    for path in ("/messages/0000", "/messages/..%2f..%2fetc", "/nowhere", "/api/messages/0000"):
        assert page.get(path).status_code == 404
    assert page.get("/api/messages?limit=x").status_code == 400


def test_messages_and_read_marks_are_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    entry = keep(store)
    store.mark_seen(entry.id)
    (tmp_path / "inbox" / "half.tmp").write_bytes(b"cut short")
    (tmp_path / "inbox" / "foreign.eml").write_bytes(b"Subject: not ours\r\n\r\n")

    again = Store(tmp_path / "inbox")

    assert again.list_entries() == [entry]
    assert again.read(entry) == HTML
    assert again.is_seen(entry.id)
    assert not (tmp_path / "inbox" / "half.tmp").exists()


def subjects(page: Client, path: str) -> list[str]:
    return [message["subject"] for message in page.get(path).get_json(force=True)["messages"]]
