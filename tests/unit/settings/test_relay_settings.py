"""Relays and rates in settings: what is understood, and what is said about the rest."""

from pathlib import Path

import pytest

from service import settings
from service.errors import ConfigurationError
from service.settings import RelayAddress, Settings

OTHERS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_URL": "http://localhost:8000",
    "SECRET_KEY": "a key that is only ever used in tests",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    for name, value in (OTHERS | {"SMTP_URL": "smtp://127.0.0.1:1"}).items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def load(environment: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        environment.setenv(name, value)
    return settings.load()


def test_several_relays_with_their_parameters(environment: pytest.MonkeyPatch) -> None:
    found = load(
        environment,
        SMTP_URL="smtps://me:p%40ss@one.example?weight=3&rate=12.5&connections=2&messages=50&name=main\n"
        "  smtp+starttls://two.example?weight=0",
    )
    first, second = found.relays
    assert (first.label, first.tls, first.username, first.password) == (
        "one.example:465",
        "implicit",
        "me",
        "p@ss",
    )
    assert (first.weight, first.rate, first.connections, first.messages, first.name) == (
        3,
        12.5,
        2,
        50,
        "main",
    )
    assert (second.label, second.weight, second.rate, second.connections, second.messages, second.name) == (
        "two.example:587",
        0,
        None,
        4,
        1000,
        "two.example:587",
    )
    assert found.relay == first
    assert "p@ss" not in repr(first)


def test_domain_rates_are_none_by_default_and_read_in_lower_case(environment: pytest.MonkeyPatch) -> None:
    assert load(environment).domain_rates == {}
    found = load(environment, DOMAIN_RATES="Gmail.com=20, yahoo.com=0.5 *=100")
    assert found.domain_rates == {"gmail.com": 20.0, "yahoo.com": 0.5, "*": 100.0}


def test_rates_may_be_a_table_in_the_file(environment: pytest.MonkeyPatch) -> None:
    Path("broadsheet.toml").write_text('[domain_rates]\n"gmail.com" = 20\n')
    assert load(environment).domain_rates == {"gmail.com": 20.0}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://mail.example", "is not an SMTP address"),
        ("smtp://mail.example smtp://", "is not an SMTP address"),
        (" \n ", "names no relay"),
        ("smtp://mail.example:x", "has a port of mail.example that is no number"),
        ("smtp://mail.example:99999", "has a port of mail.example that is no number"),
        ("smtp://mail.example?weight=-1", "weight=-1 for mail.example:25; it is a whole number from 0"),
        ("smtp://mail.example?weight=", "no value after weight= for mail.example:25"),
        ("smtp://mail.example?rate=0", "rate=0 for mail.example:25; it is a number of messages per second"),
        ("smtp://mail.example?rate=nan", "rate=nan"),
        ("smtp://mail.example?connections=0", "connections=0 for mail.example:25"),
        ("smtp://mail.example?messages=1e3", "messages=1e3"),
        ("smtp://mail.example?colour=red", "unknown parameter “colour” for mail.example:25"),
        ("smtp://mail.example smtp+starttls://mail.example:25", "names mail.example:25 twice"),
    ],
)
def test_a_wrong_relay_is_one_sentence(environment: pytest.MonkeyPatch, url: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(environment, SMTP_URL=url)
    _, complaint = str(caught.value).splitlines()
    assert complaint.startswith("  SMTP_URL ")
    assert words in complaint


def test_a_wrong_relay_does_not_show_its_password(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(environment, SMTP_URL="smtp://me:secret@mail.example?weight=x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["gmail.com", "gmail.com=fast", "=5", "gmail.com=-1", "gmail.com=inf"])
def test_a_wrong_rate_is_one_sentence(environment: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DOMAIN_RATES has “.*”; an entry looks like gmail.com=20"):
        load(environment, DOMAIN_RATES=text)


def test_one_address_can_be_read_by_itself() -> None:
    assert RelayAddress.parse("smtp://127.0.0.1:2525").label == "127.0.0.1:2525"
