"""Asking a name server that answers, one that knows nothing of the world, and one that is not there."""

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from service.dns.lookup import SystemDns

ZONE = {
    ("com.", "NS"): ["a.gtld.example."],
    ("example.org.", "TXT"): ['"v=spf1 " "-all"'],
    ("example.org.", "MX"): ["20 b.example.", "5 a.example."],
    ("example.org.", "A"): ["192.0.2.1"],
}


def serve(zone: dict[tuple[str, str], list[str]], sock: socket.socket) -> None:
    while True:
        try:
            data, peer = sock.recvfrom(4096)
        except OSError:
            return
        query = dns.message.from_wire(data)
        question = query.question[0]
        answer = dns.message.make_response(query)
        kind = question.rdtype.name
        name = question.name.to_text()
        if (name, kind) in zone:
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, zone[name, kind]))
        elif not any(known == name for known, _ in zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        sock.sendto(answer.to_wire(), peer)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[dns.resolver.Resolver]:
    """A name server on this machine that has the zone of the test."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    if request.param is not None:
        threading.Thread(target=serve, args=(request.param, sock), daemon=True).start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], sock.getsockname()[1]
    yield resolver
    sock.close()


@pytest.mark.parametrize("server", [ZONE], indirect=True)
def test_answers_are_read_as_people_write_them(server: dns.resolver.Resolver) -> None:
    system = SystemDns(resolver=server)
    assert system.txt("example.org").values == ("v=spf1 -all",)
    assert system.mx("example.org").values == ("a.example", "b.example")
    assert system.addresses("example.org").values == ("192.0.2.1",)
    nothing = system.txt("gone.example")
    assert (nothing.values, nothing.answered) == ((), True)
    assert system.txt("x" * 70 + ".example").answered


@pytest.mark.parametrize("server", [{}], indirect=True)
def test_a_closed_networks_server_that_denies_the_world_counts_as_no_answer(
    server: dns.resolver.Resolver,
) -> None:
    assert not SystemDns(resolver=server).txt("example.org").answered


# Each name by itself would be waited for three seconds.
@pytest.mark.timeout(30)
@pytest.mark.parametrize("server", [None], indirect=True)
def test_silence_ends_with_the_time_that_was_given(server: dns.resolver.Resolver) -> None:
    system = SystemDns(resolver=server, seconds=0.3)
    assert not any(system.txt(f"{n}.example").answered for n in range(20))
