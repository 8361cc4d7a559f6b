"""Settings: read once from the environment and `broadsheet.toml`; everything wrong is said at once."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from service.errors import ConfigurationError
from service.relay_addresses import RelayAddress as RelayAddress
from service.relay_addresses import parse_domain_rates, parse_relays

#: Where `broadsheet.toml` is looked for unless BROADSHEET_CONFIG names another file.
CONFIG_FILE = "broadsheet.toml"


class Places(BaseSettings):
    """Folders, which commands without a database need too. The environment wins over `broadsheet.toml`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    #: Local state that must survive a restart: the delivery journal, signing keys.
    data_dir: Path = Field(default=Path(".broadsheet"), validation_alias="BROADSHEET_DATA")
    #: Signing keys somewhere else, for instance where a container has its secrets.
    dkim_keys_dir: Path | None = None

    @property
    def dkim_folder(self) -> Path:
        return self.dkim_keys_dir or self.data_dir / "dkim"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get("BROADSHEET_CONFIG", CONFIG_FILE))
        return (
            init_settings,
            env_settings,
            _WithoutAllowList(settings_cls, toml_file=path),
        )


class Settings(Places):
    """Every setting, read like the folders: same names in the file, lower case."""

    #: postgresql://user:password@host/name
    database_url: str
    #: redis://host:6379/0, or unix:///path/to.sock
    redis_url: str
    #: The address readers see; links in mails are built from it, never from a request.
    public_url: HttpUrl
    #: At least 32 characters; signs every link. `secret_key_fallbacks` keeps old links alive after a change.
    secret_key: SecretStr
    secret_key_fallbacks: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    #: smtp://user:password@host:587 (STARTTLS where offered), smtps://host:465, smtp+starttls:// (required);
    #: several of them with white space between. Parameters: ?weight=&rate=&connections=&messages=&name=
    smtp_url: SecretStr
    #: gmail.com=20 *=100: messages per second to a recipient domain, by all workers together.
    domain_rates: Annotated[dict[str, Annotated[float, Field(gt=0)]], NoDecode] = {}
    #: A mailing is paused when more than this share of its latest outcomes are errors, ...
    breaker_percent: Annotated[float, Field(gt=0, le=100)] = 10
    #: ... counted over at least so many of them.
    breaker_outcomes: Annotated[int, Field(ge=10, le=100_000)] = 100
    #: True while mail goes to the development inbox: the console says so on every page.
    smtp_is_inbox: bool = False
    #: Where that inbox shows its messages to a person.
    inbox_url: str | None = None
    #: The name we greet relays with; an FQDN that resolves back to this machine.
    helo_name: str | None = None
    #: Loopback and private feed addresses that may be fetched all the same, as host:port (environment only).
    feed_allow_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    #: Minutes an article rests before it may enter a digest, so that first corrections are in.
    settle_minutes: Annotated[int, Field(ge=0, le=1440)] = 30
    #: How many reverse proxies stand in front and set X-Forwarded-*.
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    #: Threads of the web server; each live page holds one.
    web_threads: Annotated[int, Field(ge=4, le=512)] = 128
    web_workers: Annotated[int, Field(ge=1, le=64)] = 1
    #: Senders of bulk mail in a worker, each with its part of the connections.
    senders: Annotated[int, Field(ge=1, le=16)] = 1
    worker_concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    #: How long a worker that has fallen silent keeps the messages it took (DESIGN 5).
    lease_seconds: Annotated[float, Field(ge=12, le=3600)] = 30
    #: How often the sweeper looks for what dead workers held.
    sweep_seconds: Annotated[float, Field(ge=1, le=300)] = 15
    #: The longest we wait for a relay's answer; a lower number makes more messages unknown.
    smtp_seconds: Annotated[float, Field(ge=1, le=600)] = 600
    #: Days for which a mailing's messages are kept after its end: 13 months; the numbers stay for ever. Never
    #: less than the 13 weeks in which no article may come twice. The proof of consent is kept apart.
    ledger_days: Annotated[int, Field(ge=98, le=3650)] = 396
    #: text for people, json for machines.
    log_format: Literal["text", "json"] = "text"

    @field_validator("feed_allow_hosts", "secret_key_fallbacks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("domain_rates", mode="before")
    @classmethod
    def _rates(cls, value: object) -> object:
        return parse_domain_rates(value) if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("is shorter than 32 characters; make one with: openssl rand -hex 32")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in {"postgresql", "postgres", "postgresql+psycopg"} or not rest:
            raise ValueError(
                "is not a PostgreSQL address; it looks like postgresql://user:password@host/name"
            )
        return f"postgresql+psycopg://{rest}"

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("is not a Redis address; it looks like redis://host:6379/0 or unix:///path.sock")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr) -> SecretStr:
        parse_relays(value.get_secret_value())
        return value

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return str(self.public_url).rstrip("/")

    @property
    def https(self) -> bool:
        return self.public_url.scheme == "https"

    @property
    def broker_url(self) -> str:
        """The same server in kombu's spelling (`redis+socket://` for a Unix socket)."""
        if self.redis_url.startswith("unix://"):
            return "redis+socket://" + self.redis_url.removeprefix("unix://")
        return self.redis_url

    @property
    def relays(self) -> tuple[RelayAddress, ...]:
        """Every relay, in the order of the setting."""
        return parse_relays(self.smtp_url.get_secret_value())

    @property
    def relay(self) -> RelayAddress:
        """The first of them."""
        return self.relays[0]

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Signing keys, oldest first, as itsdangerous wants them."""
        keys = (*reversed(self.secret_key_fallbacks), self.secret_key)
        return tuple(key.get_secret_value() for key in keys)


class _WithoutAllowList(TomlConfigSettingsSource):
    """The file, except for the one setting that only the environment may open (SSRF guard)."""

    def __call__(self) -> dict[str, object]:
        return {name: value for name, value in super().__call__().items() if name != "feed_allow_hosts"}


def is_given(name: str) -> bool:
    """Whether somebody set this: in the environment, or in `broadsheet.toml`."""
    path = Path(os.environ.get("BROADSHEET_CONFIG", CONFIG_FILE))
    try:
        in_file = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    return bool(os.environ.get(name.upper()) or in_file.get(name.lower()))


def load() -> Settings:
    """Read the settings.

    :raises ConfigurationError: naming every setting that is missing or wrong, one per line.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # filled from the environment
    except ValidationError as error:
        lines = [_complaint(item["loc"], item["type"], item["msg"]) for item in error.errors()]
        raise ConfigurationError(
            "Broadsheet cannot start; these settings need you:\n" + "\n".join(sorted(lines))
        ) from None


def _complaint(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = str(location[0]).upper()
    if kind == "missing":
        return f"  {name} is missing."
    return f"  {name} {message.removeprefix('Value error, ')}".rstrip(".") + "."
