"""Forms as long as the console invites, longer ones, and addresses that name what no row can be."""

from datetime import UTC, datetime

import pytest

from service.blasts.criteria import LONGEST_LIST
from service.blasts.drafts import BODY_LENGTH
from service.blasts.models import Blast
from service.db import Sessions, transaction
from service.operators.models import Role
from tests.factories import make_newsletter
from tests.integration.ops import scenes
from tests.integration.web_admin.browsing import Visitor

MANY = "99999999999999999999999"


@pytest.fixture
def draft(sessions: Sessions) -> Blast:
    with transaction(sessions) as session:
        return scenes.make_draft(session, readers=3, now=datetime.now(UTC))


def test_a_text_of_the_longest_length_in_any_script_is_saved(
    visitor: Visitor, sessions: Sessions, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    written = "আ" * BODY_LENGTH

    answer = visitor.send(f"/console/blasts/{draft.id}/edit", subject="Long", body_markdown=written)

    assert answer.status_code == 302
    with sessions() as session:
        assert session.get_one(Blast, draft.id).body_markdown == written


def test_a_list_of_as_many_addresses_as_are_allowed_is_read(
    visitor: Visitor, sessions: Sessions, draft: Blast
) -> None:
    visitor.be(sessions, Role.EDITOR)
    addresses = "\r\n".join(f"a.reader.{n}@example-of-a-domain.org" for n in range(LONGEST_LIST))

    answer = visitor.send(f"/console/blasts/{draft.id}/audience", look="all", addresses=addresses)

    assert answer.status_code == 200
    assert f"{LONGEST_LIST:,}" in answer.text


@pytest.mark.parametrize("path", ["edit", "plan"])
def test_what_is_too_large_is_refused_in_a_sentence(
    visitor: Visitor, sessions: Sessions, draft: Blast, path: str
) -> None:
    visitor.be(sessions, Role.SENDER)

    answer = visitor.send(f"/console/blasts/{draft.id}/{path}", body_markdown="x" * 4_000_000)

    assert answer.status_code == 413
    assert "what you typed is still there" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        f"queue/?before={MANY}",
        f"queue/messages/?mailing={MANY}",
        "queue/messages/?relay=a%00b",
        "queue/messages/?domain=a%00b",
        f"queue/errors?code={MANY}",
        f"editions/?newsletter=-{MANY}",
        f"articles/?before={MANY}",
        f"readers/?topic={MANY}",
        f"suppressions/?before={MANY}",
    ],
)
def test_an_address_that_names_what_no_row_can_be_leads_nowhere(
    visitor: Visitor, sessions: Sessions, path: str
) -> None:
    visitor.be(sessions, Role.ADMIN)

    assert visitor.open(f"/console/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("audience", {"look": "all", "joined_before": "9999-12-31"}, 422),
        ("audience", {"look": "all", "joined_after": "0001-01-01"}, 422),
        ("audience/segment", {"segment_id": MANY}, 422),
        ("plan", {"when": "local", "clock": "0001-01-01T00:00", "zone": "Asia/Tokyo"}, 422),
        ("plan", {"when": "at", "clock": "9999-12-31T23:59", "zone": "America/New_York"}, 422),
        ("test", {"ticket": "a\0b"}, 422),
    ],
)
def test_a_form_at_the_ends_of_the_calendar_and_of_numbers_is_an_answer(
    visitor: Visitor, sessions: Sessions, draft: Blast, path: str, fields: dict[str, str], status: int
) -> None:
    visitor.be(sessions, Role.SENDER)

    assert visitor.send(f"/console/blasts/{draft.id}/{path}", **fields).status_code == status


def test_a_topic_is_not_merged_into_what_no_row_can_be(visitor: Visitor, sessions: Sessions) -> None:
    with transaction(sessions) as session:
        topic = make_newsletter(session).topics[0]
    visitor.be(sessions, Role.EDITOR)
    path = f"/console/newsletters/{topic.newsletter_id}/topics/{topic.id}/merge"
    assert visitor.send(path, page=path, into=MANY).status_code == 404
