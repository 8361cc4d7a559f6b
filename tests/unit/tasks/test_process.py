"""What the processes of a worker share survives the death of any of them."""

import multiprocessing
import os
import signal
from contextlib import ExitStack
from multiprocessing.connection import Connection

import pytest

from tasks import process
from tasks.process import Flag, Slots, room

_fork = multiprocessing.get_context("fork")


def _take_and_wait(slots: Slots, answer: Connection) -> None:
    answer.send(slots.acquire())
    signal.pause()


def _child(slots: Slots) -> tuple[int, int | None]:
    """Fork a process that takes a slot and keeps it until it is killed."""
    here, there = multiprocessing.Pipe()
    process = _fork.Process(target=_take_and_wait, args=(slots, there), daemon=True)
    process.start()
    assert process.pid is not None
    return process.pid, here.recv()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_a_killed_process_gives_its_slot_back() -> None:
    slots = Slots(2)
    (first, one), (second, two) = _child(slots), _child(slots)
    assert {one, two} == {0, 1}
    assert slots.acquire() is None
    _kill(first)
    assert slots.acquire() == one
    _kill(second)


def test_slots_count_within_one_process_too() -> None:
    slots = Slots(2)
    taken = [slots.acquire(), slots.acquire()]
    assert taken == [0, 1]
    assert slots.acquire() is None
    slots.release(1)
    assert slots.acquire() == 1


def test_every_process_hears_the_call_to_stop() -> None:
    flag = Flag()
    pid = os.fork()
    if pid == 0:
        flag.set()
        os._exit(0)
    os.waitpid(pid, 0)
    assert flag.is_set()


def test_long_tasks_leave_one_process_to_those_that_somebody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_long", Slots(3))
    bulk, planning, polling = Slots(2), Slots(1), Slots(1)
    with ExitStack() as running:
        begun = [
            running.enter_context(room(kind)) for kind in (planning, planning, bulk, bulk, bulk, polling)
        ]
        assert begun == [True, False, True, True, False, False]
    with room(polling) as free:
        assert free
