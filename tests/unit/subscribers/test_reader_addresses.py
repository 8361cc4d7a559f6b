import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.subscribers import addresses


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  ann@example.org\r\n", "ann@example.org"),
        ("Ann.O'Hara+news@Example.ORG", "Ann.O'Hara+news@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_as_typed_with_its_domain_as_the_net_writes_it(typed: str, email: str) -> None:
    assert addresses.parse(typed).email == email


def test_two_spellings_of_one_address_are_one_person() -> None:
    assert addresses.parse("Ann@Example.org").key == addresses.parse("ann@EXAMPLE.ORG").key


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ann",
        "ann@",
        "@example.org",
        "ann@example",
        "ann@localhost",
        "ann@exa mple.org",
        "ann@example..org",
        "ann@[192.0.2.1]",
        "=?UTF-8?Q?ann?=@example.org",
        "Ann <ann@example.org>",
        "ann@example.org, bo@example.org",
        "ann@example.org\r\nBcc: bo@example.org",
        "ann@example.org\nRCPT TO:<bo@example.org>",
        "ann\x00@example.org",
        '"ann b"@example.org',
        "ann>@example.org",
        "jürgen@example.org",
        "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "a" * 64 + "@" + ".".join(["b" * 60] * 4) + ".org",
        "a" * 5_000 + "@example.org",
    ],
)
def test_what_cannot_be_mailed_is_refused_with_a_sentence_that_does_not_repeat_it(typed: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        addresses.parse(typed)
    assert refusal.value.field == "email"
    assert str(refusal.value).endswith(".")
    assert "example.org" not in str(refusal.value).replace("name@example.org", "")


@given(st.text(max_size=300))
def test_whatever_is_typed_gives_an_envelope_that_is_safe_or_a_sentence(typed: str) -> None:
    try:
        address = addresses.parse(typed)
    except InvalidInput:
        return
    assert address.email.isascii()
    assert len(address.email) <= 254
    assert not set(address.email) & set(' \t\r\n\x00<>,;"\\')


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("ann@example.org", "a…n@example.org"),
        ("al@example.org", "a…@example.org"),
        ("a@example.org", "a…@example.org"),
    ],
)
def test_a_masked_address_shows_its_owner_enough(email: str, masked: str) -> None:
    assert addresses.mask(email) == masked


@pytest.mark.parametrize("local", ["postmaster", "abuse", "no-reply", "noreply", "mailer-daemon", "abuse+x"])
def test_roles_are_known_as_such(local: str) -> None:
    assert addresses.is_role(addresses.parse(f"{local.upper()}@example.org").key)


def test_a_person_is_no_role() -> None:
    assert not addresses.is_role("abuse.expert@example.org")


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unknown"),
        ("", "unknown"),
    ],
)
def test_visitors_are_counted_by_network(ip: str, network: str) -> None:
    assert addresses.network_of(ip) == network
