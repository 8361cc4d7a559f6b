"""Messages over one connection: pipelined or step by step, each settled or returned exactly once."""

import random
from collections import Counter

import pytest

from service.delivery.replies import Kind, Phase
from service.delivery.smtp import SmtpSession
from service.settings import RelayAddress
from tests.fakes import smtp_server
from tests.fakes.smtp_server import DROP, SmtpServer, Step
from tests.integration.delivery.one_lane import OneHand, parcel_of, work
from tests.integration.delivery.world import QUICK, address_of

OFFERS = ("PIPELINING", "SIZE 10485760", "8BITMIME")


def connect(server: SmtpServer) -> SmtpSession:
    relay = RelayAddress.parse(f"smtp://127.0.0.1:{server.port}")
    return SmtpSession.connect(relay, helo_name="sender.test", on_wait=lambda: None, deadlines=QUICK)


def mails(count: int, *, lines: int = 30) -> OneHand:
    text = "".join(f".line {n}\r\n" for n in range(lines))
    return OneHand(
        [
            parcel_of(f"Message-ID: <id{n}@x>\r\n\r\n{text}".encode(), n=n, to=address_of(n))
            for n in range(count)
        ]
    )


@pytest.mark.parametrize("offers", [OFFERS, ("8BITMIME",)])
def test_every_message_arrives_once_and_as_it_was(offers: tuple[str, ...]) -> None:
    crew = mails(9)
    raws = [parcel.raw for parcel in crew.waiting]
    with smtp_server.running(offers=offers) as server:
        work(connect(server), crew, deadlines=QUICK)
    assert [each.raw for each in server.accepted] == raws
    assert server.recipients == [address_of(n) for n in range(9)]
    assert {each.verdict.kind for each in crew.settled_ones.values()} == {Kind.ACCEPTED}
    assert server.connections == 1


@pytest.mark.parametrize("data", [None, "503 5.5.1 no recipient"])
def test_a_refused_recipient_leaves_a_clean_session_behind(data: str | None) -> None:
    def script(step: Step) -> str | None:
        if step.recipient == address_of(1) or address_of(1) in step.line:
            # Whoever accepts DATA without a recipient gets a lone dot, and has nothing to deliver.
            return {"RCPT": "550 5.1.1 no such user", "DATA": data, "DOT": "554 5.5.1 no"}.get(step.verb)
        return None

    crew = mails(3)
    with smtp_server.running(script, offers=OFFERS) as server:
        lane = work(connect(server), crew, deadlines=QUICK)
    assert lane.broken == ""
    assert (crew.settled_ones[1].verdict.kind, crew.settled_ones[1].phase) == (Kind.REJECTED, Phase.RCPT)
    assert server.recipients == [address_of(0), address_of(2)]
    assert crew.dots == [0, 2]
    assert server.connections == 1
    assert "RSET" in server.commands


def test_a_refused_sender_is_told_of_every_message() -> None:
    crew = mails(2)
    with smtp_server.running(
        lambda step: {"MAIL": "451 4.3.0 later", "RCPT": "503 5.5.1 MAIL first", "DATA": "503 5.5.1"}.get(
            step.verb
        ),
        offers=OFFERS,
    ) as server:
        work(connect(server), crew, deadlines=QUICK)
    assert {(each.verdict.kind, each.phase) for each in crew.settled_ones.values()} == {
        (Kind.DEFERRED, Phase.MAIL)
    }


def test_no_dot_goes_out_when_the_lease_has_ended() -> None:
    crew = mails(3)
    crew._lease_ends_before = 1
    with smtp_server.running(offers=OFFERS) as server:
        lane = work(connect(server), crew, deadlines=QUICK)
    assert server.recipients == [address_of(0)]
    assert crew.returned_ones == {1: None}
    assert lane.closed


def test_what_was_said_ahead_is_taken_back_when_the_relay_closes_behind_a_dot() -> None:
    crew = mails(4)
    with smtp_server.running(
        lambda step: "421 4.3.2 closing" if step.verb == "DOT" and step.total == 1 else None, offers=OFFERS
    ) as server:
        work(connect(server), crew, deadlines=QUICK)
    assert server.recipients == [address_of(0)]
    assert crew.settled_ones[1].verdict.kind is Kind.DEFERRED
    assert set(crew.returned_ones) <= {2}


def test_a_message_that_the_kernel_takes_bit_by_bit_gets_its_dot_last() -> None:
    crew = mails(2, lines=400_000)
    with smtp_server.running(offers=("PIPELINING",)) as server:
        work(connect(server), crew, deadlines=QUICK, seconds=60)
    assert server.recipients == [address_of(0), address_of(1)]
    assert all(len(each.raw) > 4_000_000 for each in server.accepted)


def test_after_so_many_messages_the_session_is_left_politely() -> None:
    crew = mails(7)
    with smtp_server.running(offers=OFFERS) as server:
        lane = work(connect(server), crew, deadlines=QUICK, most_messages=5)
    assert lane.worn
    assert len(server.accepted) == 5
    assert len(crew.waiting) == 2


REPLIES = {
    "MAIL": ("421 4.3.2 bye", "451 4.3.0 later", "550 5.7.1 no", DROP, "nonsense", "503 5.5.1 sequence"),
    "RCPT": ("421 4.3.2 bye", "450 4.2.1 busy", "550 5.1.1 who", DROP, "250-a\r\n250 b"),
    "DATA": ("421 4.3.2 bye", "451 4.3.0 later", "554 5.5.1 no", DROP, "250 what"),
    "BODY": (DROP,),
    "DOT": ("421 4.3.2 bye", "451 4.3.0 later", "554 5.7.1 no", DROP, "take+" + DROP, "take+garbage"),
    "RSET": ("421 4.3.2 bye", "502 5.5.1 what", DROP),
}


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_relay_does_each_message_has_one_fate_and_it_is_true(seed: int) -> None:
    dice = random.Random(seed)
    offers = OFFERS if seed % 3 else ("8BITMIME",)

    def script(step: Step) -> str | None:
        choices = REPLIES.get(step.verb, ())
        return dice.choice(choices) if choices and dice.random() < 0.08 else None

    crew = mails(12)
    with smtp_server.running(script, offers=offers) as server:
        while crew.waiting:
            work(connect(server), crew, deadlines=QUICK)
    # A lone dot behind a DATA without a recipient is a message of nothing, to nobody.
    taken = Counter(each.recipient for each in server.accepted if each.raw)
    for n in range(12):
        assert (n in crew.settled_ones) is not (n in crew.returned_ones)
        kind = crew.settled_ones[n].verdict.kind if n in crew.settled_ones else None
        if kind is Kind.ACCEPTED:
            assert taken[address_of(n)] == 1
        elif kind is not Kind.UNKNOWN:
            assert taken[address_of(n)] == 0, (n, kind)
        if taken[address_of(n)]:
            assert n in crew.dots
