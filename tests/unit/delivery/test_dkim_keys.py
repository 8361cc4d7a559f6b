"""Keys on disk, the command that keeps them, and the ring that signs with them."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.commands.dkim import dkim as command
from service.delivery.dkim import SigningKey
from service.delivery.dkim_keys import KeyFolder, KeyUnusable, clean_domain, domains_without_key
from service.delivery.keyring import LOOK_SECONDS, Keyring
from service.errors import BroadsheetError, Conflict, InvalidInput, NotFound
from tests.dkim_oracle import a_key, holds
from tests.unit.delivery.test_dkim import mail

DOMAIN = "courier.example"
DATE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self) -> None:
        self.now += LOOK_SECONDS


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """Hold two RSA keys, the first one active, and an Ed25519 key."""
    folder = KeyFolder(tmp_path / "dkim")
    for key in (a_key("first"), a_key("second"), a_key("curve", algorithm="ed25519")):
        folder.add(key)
    folder.activate(DOMAIN, "first")
    return folder


def sign(ring: Keyring, *, domain: str = DOMAIN) -> bytes:
    return ring.sign(mail(from_address=f"news@{domain}"))


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--keys", str(folder), *arguments])


def said(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exception is None, result.exception
    return result.output


def test_only_the_owner_can_read_keys(folder: KeyFolder) -> None:
    for path in folder.path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.path.rglob("*.*")) == [
        DOMAIN,
        "curve.pem",
        "first.pem",
        "second.pem",
    ]


def test_a_key_is_never_replaced(folder: KeyFolder) -> None:
    before = folder.file(DOMAIN, "first").read_bytes()
    with pytest.raises(Conflict, match="first already"):
        folder.add(SigningKey(DOMAIN, "first", a_key("second").private))
    assert folder.file(DOMAIN, "first").read_bytes() == before


def test_the_active_key_of_exactly_this_domain_signs(folder: KeyFolder) -> None:
    ring = Keyring(folder)
    assert holds(sign(ring), a_key("first"))
    assert sign(ring, domain="news.courier.example") == mail(from_address="news@news.courier.example").raw
    assert sign(ring, domain="example") == mail(from_address="news@example").raw


def test_a_key_that_is_not_active_signs_nothing(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.add(a_key())
    assert sign(Keyring(folder)) == mail().raw


def test_a_rotation_reaches_a_running_process_and_old_mails_go_on_verifying(folder: KeyFolder) -> None:
    ticks = Ticks()
    ring = Keyring(folder, clock=ticks)
    old = sign(ring)
    folder.activate(DOMAIN, "second")
    assert sign(ring) == old
    ticks.pass_by()
    new = sign(ring)
    assert b"s=second;" in new
    for each in (old, new):
        assert holds(each, a_key("first"), a_key("second"))
    assert not holds(old, a_key("second"))
    assert not holds(new, a_key("first"))


def test_ed25519_is_a_second_signature_that_can_be_turned_on_and_off(folder: KeyFolder) -> None:
    published = a_key("first"), a_key("curve", algorithm="ed25519")
    assert sign(Keyring(folder)).count(b"DKIM-Signature:") == 1
    folder.activate(DOMAIN, "curve")
    assert folder.active(DOMAIN) == ["first", "curve"]
    both = sign(Keyring(folder))
    assert both.count(b"DKIM-Signature:") == 2
    assert holds(both, *published)
    folder.activate(DOMAIN, "second")
    assert folder.active(DOMAIN) == ["second", "curve"]
    with pytest.raises(Conflict, match="curve first"):
        folder.deactivate(DOMAIN, "second")
    folder.deactivate(DOMAIN, "curve")
    folder.deactivate(DOMAIN, "second")
    assert sign(Keyring(folder)) == mail().raw


def test_ed25519_never_signs_alone(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.add(a_key("curve", algorithm="ed25519"))
    with pytest.raises(Conflict, match="RSA key first"):
        folder.activate(DOMAIN, "curve")
    assert folder.active(DOMAIN) == []


def pem(private: object) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a private key"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "not a private key"),
        (pem(a_key().private)[:900], "not a private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "neither RSA nor Ed25519"),
        (pem(generate_private_key(65537, 1024)).replace(b"M", b"L", 1), "not a private key"),
        (None, "No such file"),
    ],
    ids=["empty", "cut short", "cut in half", "another curve", "garbled", "gone"],
)
def test_a_broken_key_is_told_in_a_sentence_and_can_be_replaced(
    folder: KeyFolder, content: bytes | None, reason: str
) -> None:
    ticks = Ticks()
    ring = Keyring(folder, clock=ticks)
    sign(ring)
    file = folder.file(DOMAIN, "first")
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    ticks.pass_by()
    for _ in range(2):
        with pytest.raises(KeyUnusable, match=reason) as caught:
            sign(ring)
        assert str(file) in str(caught.value)
        assert "PRIVATE" not in str(caught.value)
    folder.activate(DOMAIN, "second")
    assert holds(sign(ring), a_key("second"))


def test_domains_of_senders_without_a_key_are_named(folder: KeyFolder) -> None:
    senders = ["News@Courier.Example", "b@other.example", "a@bücher.example"]
    assert domains_without_key(folder, senders) == ["other.example", "xn--bcher-kva.example"]


@pytest.mark.parametrize("text", ["", "../x", "a/b", "x..y", "-a.org", "a b", "a\nb", "...", "a" * 300])
def test_what_is_no_domain_never_becomes_a_path(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a domain"):
        clean_domain(text)


def test_the_command_leads_from_a_key_to_its_rotation(tmp_path: Path) -> None:
    made = said(tmp_path, "create", "Courier.Example", "--selector", "a")
    assert "a._domainkey.courier.example. IN TXT (" in made
    assert "broadsheet dkim activate courier.example a" in made
    assert sign(Keyring(KeyFolder(tmp_path))) == mail().raw
    assert "is signed with a." in said(tmp_path, "activate", DOMAIN, "a")
    said(tmp_path, "create", DOMAIN, "--selector", "b", "--bits", "3072")
    assert "Leave the record of a in the DNS for 12 days" in said(tmp_path, "activate", DOMAIN, "b")
    rows = json.loads(said(tmp_path, "list", "--json"))
    assert [(row["selector"], row["active"], row["kind"]) for row in rows] == [
        ("a", False, "RSA, 2048 bits"),
        ("b", True, "RSA, 3072 bits"),
    ]
    assert holds(sign(Keyring(KeyFolder(tmp_path))), KeyFolder(tmp_path).load(DOMAIN, "b"))
    assert "go out unsigned" in said(tmp_path, "deactivate", DOMAIN, "b")


def test_a_record_comes_in_strings_that_the_dns_can_hold(tmp_path: Path) -> None:
    said(tmp_path, "create", DOMAIN, "--selector", "a", "--bits", "4096")
    shown = said(tmp_path, "record", DOMAIN)
    strings = [line.strip().strip('"') for line in shown.splitlines() if line.startswith('    "')]
    assert len(strings) > 2
    assert max(map(len, strings)) <= 255
    assert "".join(strings) == KeyFolder(tmp_path).load(DOMAIN, "a").dns_value
    assert f"Value: {''.join(strings)}" in shown


def test_selectors_are_named_after_the_month_and_never_clash(tmp_path: Path) -> None:
    for _ in range(2):
        said(tmp_path, "create", DOMAIN)
    first, second = KeyFolder(tmp_path).selectors(DOMAIN)
    assert second == f"{first}-2"


def test_the_list_tells_what_is_broken(folder: KeyFolder) -> None:
    folder.file(DOMAIN, "first").unlink()
    assert "No such file" in said(folder.path, "list")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("activate", DOMAIN, "nine"), NotFound),
        (("activate", DOMAIN, "../first"), NotFound),
        (("deactivate", DOMAIN, "second"), Conflict),
        (("record", "other.example"), NotFound),
        (("create", DOMAIN, "--selector", "../x"), InvalidInput),
        (("create", "../x"), InvalidInput),
    ],
)
def test_a_mistake_gets_a_sentence(
    folder: KeyFolder, arguments: tuple[str, ...], error: type[BroadsheetError]
) -> None:
    assert isinstance(run(folder.path, *arguments).exception, error)


def test_the_folder_comes_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BROADSHEET_DATA", raising=False)
    refused = CliRunner().invoke(command, ["create", DOMAIN])
    assert "There is no data folder" in str(refused.exception)
    monkeypatch.setenv("BROADSHEET_DATA", str(tmp_path))
    assert CliRunner().invoke(command, ["create", DOMAIN, "--selector", "a"]).exit_code == 0
    assert (tmp_path / "dkim" / DOMAIN / "a.pem").is_file()
    monkeypatch.setenv("DKIM_KEYS_DIR", str(tmp_path / "secrets"))
    assert CliRunner().invoke(command, ["create", DOMAIN, "--selector", "a"]).exit_code == 0
    assert (tmp_path / "secrets" / DOMAIN / "a.pem").is_file()
