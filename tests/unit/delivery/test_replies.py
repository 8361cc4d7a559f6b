"""The table of replies, and that no reply is ever read as a success that it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.delivery.replies import Kind, Phase, classify, make_reply, redact

CASES = [
    # phase, reply, kind, reason, hard, drops the connection, closes the relay
    ("dot", "250 2.0.0 queued as 1", Kind.ACCEPTED, "", False, False, False),
    ("dot", "251 ok", Kind.ACCEPTED, "", False, False, False),
    ("mail", "250 ok", Kind.GO_ON, "", False, False, False),
    ("rcpt", "251 2.1.5 will forward", Kind.GO_ON, "", False, False, False),
    ("data", "354 go", Kind.GO_ON, "", False, False, False),
    ("data", "250 ok", Kind.DEFERRED, "out_of_step", False, True, False),
    ("connect", "220 hello", Kind.GO_ON, "", False, False, False),
    *[
        (phase, "421 4.3.2 closing", Kind.DEFERRED, "relay_closing", False, True, True)
        for phase in ("mail", "rcpt", "data", "dot")
    ],
    ("connect", "421 4.3.2 too many connections", Kind.DEFERRED, "relay_busy", False, True, True),
    ("rcpt", "450 4.2.1 too much mail for this user", Kind.DEFERRED, "mailbox_busy", False, False, False),
    ("rcpt", "451 4.7.1 greylisted", Kind.DEFERRED, "greylisted", False, False, False),
    ("rcpt", "452 4.3.1 disk", Kind.DEFERRED, "relay_busy", False, False, False),
    ("rcpt", "451 try later", Kind.DEFERRED, "temporary", False, False, False),
    ("rcpt", "452 4.5.3 too many recipients", Kind.DEFERRED, "temporary", False, False, False),
    ("rcpt", "552 too many recipients", Kind.DEFERRED, "temporary", False, False, False),
    ("rcpt", "552 5.5.3 too many recipients", Kind.DEFERRED, "temporary", False, False, False),
    ("rcpt", "452 4.2.2 full", Kind.DEFERRED, "mailbox_full", False, False, False),
    ("rcpt", "552 5.2.2 full", Kind.REJECTED, "mailbox_full", False, False, False),
    ("dot", "421 4.7.28 unusual rate", Kind.DEFERRED, "quota", False, True, False),
    ("mail", "421 4.7.28 unusual rate", Kind.DEFERRED, "quota", False, True, True),
    *[
        ("dot", f"421 4.7.{n} our setup", Kind.REFUSED, "our_setup", False, True, True)
        for n in (23, 26, 27, 30, 32)
    ],
    *[
        ("dot", f"550 5.7.{n} our setup", Kind.REFUSED, "our_setup", False, True, True)
        for n in (25, 26, 27, 29, 30, 515)
    ],
    *[
        ("rcpt", f"550 5.1.{n} no", Kind.REJECTED, "no_such_mailbox", True, False, False)
        for n in (1, 2, 3, 6, 10)
    ],
    ("dot", "550 5.1.1 no such user", Kind.REJECTED, "no_such_mailbox", True, False, False),
    ("rcpt", "556 domain takes no mail", Kind.REJECTED, "no_such_mailbox", True, False, False),
    ("connect", "521 host takes no mail", Kind.REFUSED, "relay_refuses", False, True, True),
    ("connect", "554 5.7.1 no", Kind.REFUSED, "relay_refuses", False, True, True),
    ("rcpt", "550 5.2.1 disabled", Kind.REJECTED, "mailbox_disabled", False, False, False),
    ("dot", "550 5.7.1 looks like spam", Kind.FAILED, "policy", False, False, False),
    ("dot", "554 5.7.9 policy", Kind.FAILED, "policy", False, False, False),
    ("dot", "554 5.6.0 malformed", Kind.FAILED, "content", False, False, False),
    ("dot", "554 transaction failed", Kind.FAILED, "policy", False, False, False),
    ("mail", "552 5.3.4 too big", Kind.FAILED, "too_big", False, False, False),
    ("dot", "552 too much mail data", Kind.FAILED, "too_big", False, False, False),
    ("rcpt", "553 5.6.7 needs SMTPUTF8", Kind.FAILED, "needs_smtputf8", False, False, False),
    ("dot", "554 5.6.9 cannot convert", Kind.FAILED, "needs_smtputf8", False, False, False),
    ("helo", "550 who are you", Kind.REFUSED, "relay_refuses", False, True, True),
    ("rcpt", "550 no such person here", Kind.REJECTED, "refused_by_mailbox", False, False, False),
    ("rcpt", "550 4.1.1 classes disagree", Kind.REJECTED, "refused_by_mailbox", False, False, False),
    ("rcpt", "554 5.7.1 Relay access denied", Kind.REFUSED, "our_setup", False, True, True),
    ("rcpt", "500 what", Kind.FAILED, "protocol_error", False, True, False),
    ("data", "555 parameters", Kind.FAILED, "protocol_error", False, True, False),
    ("mail", "503 sender already given", Kind.DEFERRED, "out_of_step", False, True, False),
    ("mail", "553 5.1.8 bad sender domain", Kind.REFUSED, "our_setup", False, True, True),
    ("mail", "550 not your address", Kind.REFUSED, "sender_refused", False, True, True),
    ("helo", "535 5.7.8 wrong password", Kind.REFUSED, "our_setup", False, True, True),
    ("helo", "454 4.7.0 TLS not available", Kind.REFUSED, "our_setup", False, True, True),
    ("mail", "530 5.7.0 authenticate first", Kind.REFUSED, "our_setup", False, True, True),
    ("dot", "399 nonsense", Kind.UNKNOWN, "no_reply", False, True, False),
    ("dot", "123 nonsense", Kind.UNKNOWN, "no_reply", False, True, False),
]


@pytest.mark.parametrize(("phase", "line", "kind", "reason", "hard", "drops", "rests"), CASES)
def test_the_table(
    phase: str, line: str, kind: Kind, reason: str, hard: bool, drops: bool, rests: bool
) -> None:
    verdict = classify(Phase(phase), make_reply(int(line[:3]), [line[4:]]))
    found = (verdict.kind, verdict.reason, verdict.hard, verdict.drop_connection, verdict.rest is not None)
    assert found == (kind, reason, hard, drops, rests)


@pytest.mark.parametrize("phase", list(Phase))
def test_silence_is_unknown_after_the_dot_and_harmless_before_it(phase: Phase) -> None:
    expected = Kind.UNKNOWN if phase is Phase.DOT else Kind.DEFERRED
    assert classify(phase, None).kind is expected


@given(st.sampled_from(Phase), st.integers(0, 999), st.text(max_size=60))
def test_only_2xx_after_the_dot_counts_as_accepted(phase: Phase, code: int, text: str) -> None:
    verdict = classify(phase, make_reply(code, [text]))
    accepted = phase is Phase.DOT and 200 <= code <= 299
    assert (verdict.kind is Kind.ACCEPTED) == accepted
    if verdict.hard:
        assert code >= 500
        assert verdict.kind is Kind.REJECTED
    if 400 <= code <= 499:
        assert verdict.kind in {Kind.DEFERRED, Kind.REFUSED}


def test_a_readers_address_does_not_stay_in_a_reply() -> None:
    text = redact("5.1.1 <ann.o'neil+x@example.org>: Recipient address rejected: ann@example.org\x00\r\n")
    assert "example.org" not in text
    assert "Recipient address rejected" in text
