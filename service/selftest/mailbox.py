"""The self-test's view of the development inbox: waits for mail and reads it, byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import httpx

from service.selftest.checks import PATIENCE, CheckFailed, eventually


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it arrived."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)
    #: Names as sent, values unfolded but not decoded.
    headers: tuple[tuple[str, str], ...] = ()
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    links: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of this name as it was sent, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def subject(self) -> str:
        return str(make_header(decode_header(self.header("Subject"))))

    def link(self, path: str) -> str:
        """Return the first link whose path begins so.

        :raises CheckFailed: the mail has none.
        """
        for link in self.links:
            if httpx.URL(link).path.startswith(path):
                return link
        raise CheckFailed(f"The mail “{self.subject}” has no link that begins with {path}.")


class Mailbox:
    """The inbox over its JSON API."""

    def __init__(self, url: str, *, given_up: Callable[[], bool] = lambda: False) -> None:
        self._given_up = given_up
        self._client = httpx.Client(base_url=url, timeout=20, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def count(self, *, to: str = "") -> int:
        """Return how many mails there are, to one address or in all."""
        return len(self._list(to)) if to else int(self._ask(limit="1")["total"])

    def list_ids(self, *, to: str = "", subject: str = "") -> list[str]:
        """Return ids, oldest first."""
        found = [one for one in self._list(to) if subject in str(one["subject"])]
        return [str(one["id"]) for one in reversed(found)]

    def recipients(self, *, subject: str = "") -> list[str]:
        """Return who got mails, one entry per mail."""
        return [str(to) for one in self._list("") if subject in one["subject"] for to in one["recipients"]]

    def wait(
        self, what: str, *, to: str, subject: str = "", after: int = 0, seconds: float = PATIENCE
    ) -> Mail:
        """Return the mail that comes to an address after the first `after` ones with such a subject.

        :raises CheckFailed: it did not come in time.
        """

        def find() -> list[str]:
            return self.list_ids(to=to, subject=subject)[after:]

        sentence = f"{what} did not arrive in the inbox."
        return self.read(eventually(find, sentence, seconds=seconds, given_up=self._given_up)[0])

    def read(self, message_id: str) -> Mail:
        """Open one mail."""
        opened = self._get(f"/api/messages/{message_id}").json()
        return parse(
            self._get(f"/messages/{message_id}/raw.eml").content,
            id=message_id,
            sender=opened["sender"],
            recipients=tuple(opened["recipients"]),
            links=tuple(opened["links"]),
        )

    def _list(self, to: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask(limit="1000", to=to)["messages"]
        return found

    def _ask(self, **values: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._get("/api/messages", **values).json()
        return answer

    def _get(self, path: str, **values: str) -> httpx.Response:
        try:
            response = self._client.get(path, params=values)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise CheckFailed(f"The inbox does not answer ({type(error).__name__}).") from error
        return response


def parse(
    raw: bytes,
    *,
    id: str = "",  # noqa: A002  (what the inbox calls it)
    sender: str = "",
    recipients: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
) -> Mail:
    """Read a mail from its bytes."""
    # The old policy hands headers over as they are; the new one repairs what we want to see.
    message = message_from_bytes(raw)
    return Mail(
        id=id,
        sender=sender,
        recipients=recipients,
        raw=raw,
        headers=tuple((name, _unfolded(str(value))) for name, value in message.raw_items()),
        text=_part(message, "text/plain"),
        html=_part(message, "text/html"),
        links=links,
    )


def _unfolded(value: str) -> str:
    return value.replace("\r\n", "").replace("\n", "")


def _part(message: Message, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload.decode(part.get_content_charset() or "utf-8", "replace")
    return ""
