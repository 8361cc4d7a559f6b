"""Which way a reply asks to be used more slowly."""

import pytest

from service.delivery.replies import Phase, classify, make_reply
from service.delivery.slowing import QUOTA_SECONDS, rest_seconds, who_slows

CASES = [
    ("rcpt", "421 4.3.2 closing", "relay"),
    ("dot", "421 closing", "relay"),
    ("connect", "421 too many connections", "relay"),
    ("connect", "450 later", "relay"),
    ("mail", "451 4.3.0 later", "relay"),
    ("mail", "450 4.7.1 slow down", "relay"),
    ("rcpt", "452 4.3.1 out of disk", "relay"),
    ("rcpt", "450 4.2.1 receiving too much", "domain"),
    ("rcpt", "450 4.2.0 try later", "domain"),
    ("data", "451 4.7.1 too fast", "domain"),
    ("dot", "451 4.7.650 throttled", "domain"),
    ("dot", "421 4.7.28 quota", "domain"),
    ("rcpt", "450 4.7.28 quota", "domain"),
    ("mail", "421 4.7.28 quota", "relay"),
    ("rcpt", "451 try later", "domain"),
    ("rcpt", "451 4.4.5 congested", "domain"),
    # One reader, or every message once: no reason to write to others more slowly.
    ("rcpt", "452 4.2.2 mailbox full", None),
    ("rcpt", "450 4.7.1 Greylisted, come back in 5 minutes", None),
    ("rcpt", "451 greylisting in action", None),
    ("rcpt", "450 4.1.1 no such mailbox yet", None),
    # Our own set-up, verdicts about readers, and success.
    ("rcpt", "451 4.7.26 unauthenticated", None),
    ("rcpt", "550 5.1.1 unknown", None),
    ("dot", "250 2.0.0 ok", None),
]


@pytest.mark.parametrize(("phase", "line", "way"), CASES)
def test_a_reply_slows_the_way_it_is_about(phase: str, line: str, way: str | None) -> None:
    reply = make_reply(int(line[:3]), [line[4:]])
    assert who_slows(Phase(phase), classify(Phase(phase), reply), reply) == way


def test_a_lost_connection_slows_nobody() -> None:
    for phase in Phase:
        assert who_slows(phase, classify(phase, None), None) is None


def test_only_a_quota_asks_for_silence() -> None:
    assert rest_seconds(make_reply(421, ["4.7.28 quota"])) == QUOTA_SECONDS
    assert rest_seconds(make_reply(451, ["4.7.1 slower"])) == 0
    assert rest_seconds(None) == 0
