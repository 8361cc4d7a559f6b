"""The audit log as people read it: found, counted back to its page, and safe to open in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service import audit
from service.db import Sessions, transaction
from service.operators.models import Role
from tests.factories import make_newsletter, make_operator
from tests.integration.web_admin.browsing import Visitor

PAGE = "/console/audit/"


def write(sessions: Sessions, *, times: int = 1, days_ago: int = 0, **values: object) -> None:
    with transaction(sessions) as session:
        for _ in range(times):
            entry = {"actor": "system", "action": "blast.finished", "subject": "blast 12", **values}
            audit.record(session, **entry, now=datetime.now(UTC) - timedelta(days=days_ago))  # type: ignore[arg-type]  # each key has its type


def test_every_role_reads_who_did_what_and_what_it_was_before(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        ben = make_operator(session, name="Ben Rowe")
        newsletter = make_newsletter(session)
    write(
        sessions,
        actor=f"operator {ben.id}",
        action="newsletter.changed",
        subject=f"newsletter {newsletter.id}",
        before={"name": "Old <b>"},
        after={"name": "New"},
    )
    visitor.be(sessions, Role.VIEWER)
    page = visitor.open(PAGE).text
    assert "Ben Rowe" in page
    assert "<del>Old &lt;b&gt;</del>" in page
    assert "<ins>New</ins>" in page
    assert f'href="/console/newsletters/{newsletter.id}"' in page
    there = visitor.open(f"/console/newsletters/{newsletter.id}").text
    assert f'href="/console/audit/?subject=newsletter+{newsletter.id}"' in there


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"finished", "started", "held"}),
        ("actor=system", {"finished"}),
        ("action=blast.started", {"started"}),
        ("subject=all+bulk+mail", {"held"}),
        ("from={yesterday}", {"finished", "started"}),
        ("to={yesterday}", {"held"}),
        ("actor=nobody", set()),
        ("actor=%00&subject=%27+OR+1%3D1", set()),
    ],
)
def test_the_log_is_narrowed_by_actor_action_subject_and_day(
    visitor: Visitor, sessions: Sessions, query: str, shown: set[str]
) -> None:
    write(sessions)
    write(sessions, actor="operator 99", action="blast.started")
    write(sessions, actor="operator 99", action="bulk.held", subject="all bulk mail", days_ago=3)
    visitor.be(sessions, Role.VIEWER)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    page = visitor.open(f"{PAGE}?{query.format(yesterday=yesterday)}").text
    rows = page.partition("<tbody>")[2]
    assert {word for word in ("finished", "started", "held") if f">{word}</a></th>" in rows} == shown


def test_a_day_that_is_none_is_said(visitor: Visitor, sessions: Sessions) -> None:
    visitor.be(sessions, Role.VIEWER)
    answer = visitor.open(f"{PAGE}?from=yesterday")
    assert (answer.status_code, "Write a day as" in answer.text) == (422, True)


def test_the_log_is_turned_back_page_by_page_without_a_gap(visitor: Visitor, sessions: Sessions) -> None:
    write(sessions, times=120)
    visitor.be(sessions, Role.VIEWER)
    counts, path = [], f"{PAGE}?action=blast.finished"
    while path:
        page = visitor.open(path).text
        counts.append(page.count(">finished</a></th>"))
        older = page.rpartition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        path = older.replace("&amp;", "&") if 'rel="next"' in page else ""
    assert counts == [50, 50, 20]


def test_the_download_holds_every_line_and_no_formula(visitor: Visitor, sessions: Sessions) -> None:
    write(sessions, times=3, subject="=HYPERLINK(1)", after={"name": "x"})
    write(sessions, action="blast.started")
    visitor.be(sessions, Role.VIEWER)
    answer = visitor.open(f"{PAGE}audit.csv?action=blast.finished")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 4
    assert {row[5] for row in rows[1:]} == {"'=HYPERLINK(1)"}
    assert {row[6] for row in rows[1:]} == {"name: x"}


@pytest.mark.parametrize("change", ["UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"])
def test_the_database_refuses_to_change_the_log(sessions: Sessions, change: str) -> None:
    write(sessions)
    with sessions() as session, pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(change))
