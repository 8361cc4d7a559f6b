"""What is said of the records of a domain: named in sentences that end in what to do."""

from dataclasses import replace

import pytest

from service.dns import advice, spf
from service.dns.findings import Finding, Grade
from service.dns.sending import PublicKey, Sending
from tests.fakes.name_server import FakeDns

DOMAIN, RELAY, IP = "post.example.org", "mail.example.org", "192.0.2.25"
KEY = PublicKey("bs-2026-11", f"bs-2026-11._domainkey.{DOMAIN}", "v=DKIM1; k=rsa; p=OURKEY", active=True)
SENDING = Sending(DOMAIN, (RELAY,), keys=(KEY,))
SPF = f"v=spf1 a:{RELAY} ~all"


def good() -> FakeDns:
    return FakeDns(
        texts={
            DOMAIN: [SPF, "site-verification=1"],
            KEY.dns_name: ["v=DKIM1; k=rsa; p=OUR KEY"],
            f"_dmarc.{DOMAIN}": [f"v=DMARC1; p=reject; rua=mailto:reports@{DOMAIN}"],
        },
        hosts={RELAY: [IP], "mx.example.org": ["192.0.2.26"]},
        mail={DOMAIN: ["mx.example.org"]},
        names={IP: [RELAY]},
    )


def one(kind: str, dns: FakeDns, sending: Sending = SENDING) -> Finding:
    return next(each for each in advice.advise(sending, dns) if each.kind == kind)


def said(kind: str, dns: FakeDns, sending: Sending = SENDING) -> str:
    return " ".join(one(kind, dns, sending).said)


def test_a_domain_in_order_needs_nothing_and_nothing_is_to_be_published() -> None:
    findings = advice.advise(SENDING, good())
    assert {each.kind: each.grade for each in findings} == dict.fromkeys(advice.KINDS, Grade.GOOD)
    assert [each.record for each in findings] == [None] * 5


def test_without_dns_every_record_is_unchecked_and_ready_to_copy() -> None:
    findings = {each.kind: each for each in advice.records(SENDING)}
    assert {each.grade for each in findings.values()} == {Grade.UNCHECKED}
    assert findings["spf"].record.value == SPF
    assert findings["dkim"].record.name == KEY.dns_name
    assert findings["dmarc"].record.value.startswith("v=DMARC1; p=none; rua=mailto:")
    assert "no DNS from here" in findings["mx"].said[0]


def test_two_spf_records_become_one_that_allows_all_that_both_did() -> None:
    dns = good()
    dns.texts[DOMAIN] = ["v=spf1 include:_spf.shop.example -all", "v=spf1 ip4:192.0.2.9 ~all"]
    finding = one("spf", dns)
    assert (finding.grade, "2 SPF records" in finding.said[0]) == (Grade.WRONG, True)
    assert finding.record.value == f"v=spf1 include:_spf.shop.example ip4:192.0.2.9 a:{RELAY} -all"


def test_a_record_that_forgets_our_relay_is_completed_not_replaced() -> None:
    dns = good()
    dns.texts[DOMAIN] = ["v=spf1 mx -all"]
    finding = one("spf", dns)
    assert finding.grade is Grade.WRONG
    assert f"a:{RELAY}" in finding.said[0]
    assert finding.record.value == f"v=spf1 mx a:{RELAY} -all"


@pytest.mark.parametrize("record", [f"v=spf1 ip4:{IP}/28 -all", "v=spf1 include:a.example -all"])
def test_a_relay_is_allowed_by_whatever_term_holds_its_address(record: str) -> None:
    dns = good()
    dns.texts |= {
        DOMAIN: [record],
        "a.example": ["v=spf1 redirect=b.example"],
        "b.example": [f"v=spf1 ip4:{IP} ?all"],
    }
    assert one("spf", dns).grade is Grade.GOOD


def test_eleven_lookups_are_one_too_many_however_deep_they_are() -> None:
    dns = good()
    dns.texts[DOMAIN] = [f"v=spf1 a:{RELAY} include:n1.example ~all"]
    for n in range(1, 10):
        dns.texts[f"n{n}.example"] = [f"v=spf1 include:n{n + 1}.example ~all"]
    dns.texts["n10.example"] = ["v=spf1 -all"]
    finding = one("spf", dns)
    assert (finding.grade, "11 look-ups" in finding.said[0]) == (Grade.WRONG, True)


def test_a_record_that_repeats_a_crowded_host_is_not_worked_through() -> None:
    dns = good()
    dns.texts[DOMAIN] = [f"v=spf1 a:{RELAY} {'mx ' * 400}~all"]
    dns.mail[DOMAIN] = [f"mx{n}.example.org" for n in range(10)]
    crowd = [f"10.{n // 250}.0.{n % 250}" for n in range(200)]
    dns.hosts |= dict.fromkeys(dns.mail[DOMAIN], crowd)
    tree = spf.read(DOMAIN, dns)
    assert sum(len(term.networks) for term in tree.root.terms) < 25_000, "and not 800,000"
    assert "401 look-ups" in said("spf", dns)


def test_a_circle_of_includes_ends() -> None:
    dns = good()
    dns.texts |= {
        DOMAIN: [f"v=spf1 a:{RELAY} include:a.example ~all"],
        "a.example": [f"v=spf1 include:{DOMAIN} ~all"],
    }
    assert one("spf", dns).grade is Grade.GOOD


def test_a_name_server_that_is_silent_about_a_part_leaves_it_unchecked() -> None:
    dns = replace(good(), silent=frozenset({"slow.example"}))
    dns.texts[DOMAIN] = ["v=spf1 include:slow.example -all"]
    finding = one("spf", dns)
    assert (finding.grade, finding.record) == (Grade.UNCHECKED, None)


@pytest.mark.parametrize(
    ("record", "grade", "words"),
    [
        (f"v=spf1 a:{RELAY} +all", Grade.WRONG, "everybody"),
        (f"v=spf1 a:{RELAY} ?all", Grade.ATTENTION, "~all"),
        (f"v=spf1 a:{RELAY}", Grade.ATTENTION, "~all"),
        (f"v=spf1 a:{RELAY} ipv4:1.2.3.4 ~all", Grade.WRONG, "ipv4:1.2.3.4"),
        (f"v=spf1 a:{RELAY} include:gone.example ~all", Grade.WRONG, "include:gone.example"),
    ],
)
def test_what_is_wrong_with_an_spf_record_is_named(record: str, grade: Grade, words: str) -> None:
    dns = good()
    dns.texts[DOMAIN] = [record]
    assert one("spf", dns).grade is grade
    assert words in said("spf", dns)


def test_a_providers_relay_is_allowed_by_its_include_and_answers_for_its_own_names() -> None:
    sending = replace(SENDING, relays=("smtp.mailgun.org",))
    assert advice.records(sending)[0].record.value == "v=spf1 include:mailgun.org ~all"
    dns = good()
    dns.texts |= {
        DOMAIN: ["v=spf1 include:mailgun.org ~all"],
        "mailgun.org": ["v=spf1 ip4:198.51.100.0/24 ~all"],
    }
    assert one("spf", dns, sending).grade is Grade.GOOD
    assert "its duty" in said("ptr", dns, sending)


@pytest.mark.parametrize(
    ("published", "grade", "words"),
    [
        ([], Grade.WRONG, "not in the DNS"),
        (["v=DKIM1; k=rsa; p=OTHER"], Grade.WRONG, "not ours"),
        (["v=DKIM1; k=rsa; p="], Grade.WRONG, "withdrawn"),
        (["v=DKIM1; t=y; p=OURKEY"], Grade.ATTENTION, "t=y"),
        (["v=DKIM1; p=OURKEY", "v=DKIM1; p=OLD"], Grade.WRONG, "2 records"),
    ],
)
def test_a_key_is_held_against_what_is_published(published: list[str], grade: Grade, words: str) -> None:
    dns = good()
    dns.texts[KEY.dns_name] = published
    finding = one("dkim", dns)
    assert (finding.grade, words in finding.said[0]) == (grade, True)
    assert finding.record.value == KEY.dns_value


def test_a_key_that_waits_says_how_to_let_it_sign() -> None:
    waiting = replace(SENDING, keys=(replace(KEY, active=False),))
    unsigned, key = (each for each in advice.advise(waiting, good()) if each.kind == "dkim")
    assert "is not signed" in unsigned.said[0]
    assert unsigned.command == f"broadsheet dkim create {DOMAIN}"
    assert "does not sign yet" in key.said[0]
    assert (key.command, key.record) == (f"broadsheet dkim activate {DOMAIN} {KEY.selector}", None)


@pytest.mark.parametrize(
    ("records", "grade", "words"),
    [
        ([], Grade.WRONG, "no DMARC record"),
        (["v=DMARC1; p=reject; rua=mailto:x@y.z", "v=DMARC1; p=none"], Grade.WRONG, "Leave only one"),
        (["v=DMARC1; p=none; rua=mailto:x@y.z"], Grade.ATTENTION, "only watches"),
        (["v=DMARC1; p=quarantine"], Grade.ATTENTION, "rua="),
        (["v=DMARC1; p=quarrantine; rua=mailto:x@y.z"], Grade.WRONG, "is no policy"),
    ],
)
def test_what_is_wrong_with_a_dmarc_record_is_named(records: list[str], grade: Grade, words: str) -> None:
    dns = good()
    dns.texts[f"_dmarc.{DOMAIN}"] = records
    assert one("dmarc", dns).grade is grade
    assert words in said("dmarc", dns)


def test_the_next_policy_keeps_the_rest_of_the_record_and_drops_what_the_standard_dropped() -> None:
    dns = good()
    dns.texts[f"_dmarc.{DOMAIN}"] = ["v=DMARC1; p=none; pct=50; rua=mailto:x@y.z"]
    assert one("dmarc", dns).record.value == "v=DMARC1; p=quarantine; rua=mailto:x@y.z"


def test_a_policy_of_the_domain_above_holds_below_by_its_own_word() -> None:
    dns = good()
    del dns.texts[f"_dmarc.{DOMAIN}"]
    dns.texts["_dmarc.example.org"] = ["v=DMARC1; p=reject; sp=none; rua=mailto:x@example.org"]
    finding = one("dmarc", dns)
    assert (finding.grade, "_dmarc.example.org" in finding.said[0]) == (Grade.ATTENTION, True)
    assert finding.record.value == "v=DMARC1; p=reject; sp=quarantine; rua=mailto:x@example.org"


def test_alignment_is_missing_where_only_a_stranger_signs() -> None:
    dns = good()
    sending = replace(SENDING, relays=("smtp.sendgrid.net",), keys=())
    assert "Alignment hangs on SendGrid" in said("dmarc", dns, sending)


def test_a_machine_whose_name_does_not_lead_back_is_wrong() -> None:
    dns = good()
    dns.names[IP] = ["static-25.hoster.example"]
    assert (one("ptr", dns).grade, "does not lead back" in said("ptr", dns)) == (Grade.WRONG, True)
    dns.names.clear()
    assert "has no name" in said("ptr", dns)


def test_a_relay_inside_the_network_is_known_by_the_name_it_greets_with() -> None:
    inside = replace(SENDING, relays=("127.0.0.1",))
    assert "HELO_NAME" in said("ptr", good(), inside)
    named = replace(inside, helo_name=RELAY)
    assert {each.grade for each in advice.advise(named, good())} == {Grade.GOOD}


@pytest.mark.parametrize(
    ("servers", "grade", "words"),
    [
        ([], Grade.WRONG, "no mail server"),
        ([""], Grade.WRONG, "null MX"),
        (["gone.example"], Grade.WRONG, "gone.example has no address"),
    ],
)
def test_bounces_need_a_mail_server(servers: list[str], grade: Grade, words: str) -> None:
    dns = good()
    dns.mail[DOMAIN] = servers
    assert (one("mx", dns).grade, words in said("mx", dns)) == (grade, True)


def test_a_long_record_is_cut_into_strings_for_a_zone_file() -> None:
    long = replace(SENDING, keys=(replace(KEY, dns_value="v=DKIM1; p=" + "A" * 400),))
    record = next(each.record for each in advice.records(long) if each.kind == "dkim")
    parts = record.zone_line.split('"')[1::2]
    assert [len(part) for part in parts] == [255, 156]
    assert "".join(parts) == record.value
