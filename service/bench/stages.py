"""What the parts of making a mail cost, measured apart: the same functions on the same rows, one process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import select

from service.bootstrap import Runtime
from service.delivery import mime
from service.delivery.claims import WINDOW
from service.delivery.due import due_of
from service.delivery.models import Message
from service.delivery.ports import Ready, Unsigned
from service.prepare.port import Preparer

T = TypeVar("T")

#: Windows that are measured, after those that fill the memory of encoded parts, as the first of a run do.
WINDOWS, WARMING = 6, 24


@dataclass(frozen=True, slots=True)
class Stages:
    """Milliseconds of CPU per message, and how large a mail is in the mean."""

    compose: float
    build: float
    sign: float
    bytes_per_message: int


def measure(runtime: Runtime, mailing_id: int) -> Stages:
    """Make some of the mails that will go out, window by window, and throw them away."""
    with runtime.sessions() as session:
        messages = [
            due_of(message)
            for message in session.scalars(
                select(Message)
                .where(Message.mailing_id == mailing_id)
                .order_by(Message.due_at, Message.id)
                .limit(WINDOW * (WINDOWS + WARMING))
            )
        ]
    prepare = Preparer(runtime.sessions, links=runtime.links, hash_address=runtime.hash_address)
    spent = {"compose": 0.0, "build": 0.0, "sign": 0.0}
    count = size = 0
    last = len(messages)
    for start in range(0, len(messages), WINDOW):
        window = messages[start : start + WINDOW]
        warming = start < last - WINDOW * WINDOWS
        composed, seconds = _timed(partial(prepare, window))
        ready = [each for each in composed if isinstance(each, Ready)]
        mails, build = _timed(partial(_build, ready))
        _, join = _timed(partial(_join, mails))
        signed, sign = _timed(partial(_sign, runtime, mails))
        if not warming:
            for name, cost in (
                ("compose", seconds),
                ("build", build + join),
                ("sign", max(0.0, sign - join)),
            ):
                spent[name] += cost
            count, size = count + len(ready), size + sum(map(len, signed))
    each = {name: cost * 1000 / max(count, 1) for name, cost in spent.items()}
    return Stages(**each, bytes_per_message=size // max(count, 1))


def _build(ready: Sequence[Ready]) -> list[Unsigned]:
    return [mime.build(each.mail, message_id=each.message.message_id) for each in ready]


def _join(mails: Sequence[Unsigned]) -> list[bytes]:
    return [mail.raw for mail in mails]


def _sign(runtime: Runtime, mails: Sequence[Unsigned]) -> list[bytes]:
    return [runtime.keyring.sign(mail) for mail in mails]


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.thread_time()
    result = work()
    return result, time.thread_time() - began
