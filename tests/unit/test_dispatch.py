"""Waking workers: at once for whoever asks, and once for all who ask together."""

import threading

import pytest

from service.dispatch import CoalescingDispatcher, TaskName


class SlowBroker:
    """Answers only when the test says so."""

    def __init__(self) -> None:
        self.woken: list[TaskName] = []
        self.called = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def wake(self, task: TaskName) -> None:
        self.woken.append(task)
        self.called.release()
        assert self.go_on.acquire(timeout=5)


def test_a_call_returns_before_the_broker_has_answered() -> None:
    broker = SlowBroker()
    CoalescingDispatcher(broker, apart_seconds=0).wake(TaskName.TICK)
    assert broker.called.acquire(timeout=5)
    broker.go_on.release()


def test_many_that_ask_while_one_is_woken_wake_once_more_and_not_each() -> None:
    broker = SlowBroker()
    dispatcher = CoalescingDispatcher(broker, apart_seconds=0)
    dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    assert broker.called.acquire(timeout=5)
    for _ in range(50):
        dispatcher.wake(TaskName.DELIVER_TRANSACTIONAL)
    broker.go_on.release()
    assert broker.called.acquire(timeout=5), "what was committed meanwhile needs a wake-up of its own"
    broker.go_on.release()
    assert not broker.called.acquire(timeout=0.1)
    assert broker.woken == [TaskName.DELIVER_TRANSACTIONAL] * 2


def test_different_tasks_that_ask_together_are_each_woken() -> None:
    broker = SlowBroker()
    dispatcher = CoalescingDispatcher(broker, apart_seconds=0)
    dispatcher.wake(TaskName.TICK)
    assert broker.called.acquire(timeout=5)
    dispatcher.wake(TaskName.SWEEP)
    dispatcher.wake(TaskName.SETTLE)
    for _ in range(3):
        broker.go_on.release()
    assert broker.called.acquire(timeout=5)
    assert broker.called.acquire(timeout=5)
    assert set(broker.woken) == {TaskName.TICK, TaskName.SWEEP, TaskName.SETTLE}


def test_a_broker_that_fails_in_an_unforeseen_way_is_asked_again_the_next_time() -> None:
    woken: list[TaskName] = []
    failed = threading.Event()
    answered = threading.Event()

    class Failing:
        def wake(self, task: TaskName) -> None:
            woken.append(task)
            if len(woken) == 1:
                failed.set()
                raise RuntimeError("Nobody thought of this.")
            answered.set()

    dispatcher = CoalescingDispatcher(Failing(), apart_seconds=0)
    dispatcher.wake(TaskName.TICK)
    assert failed.wait(5)
    dispatcher.wake(TaskName.TICK)
    assert answered.wait(5)


def test_a_process_that_gets_no_thread_fails_nobody_and_wakes_all_when_it_gets_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = SlowBroker()
    dispatcher = CoalescingDispatcher(broker, apart_seconds=0)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as scarce:
        scarce.setattr(threading.Thread, "start", refuse)
        dispatcher.wake(TaskName.TICK)
    dispatcher.wake(TaskName.SWEEP)
    for _ in range(2):
        assert broker.called.acquire(timeout=5)
        broker.go_on.release()
    assert set(broker.woken) == {TaskName.TICK, TaskName.SWEEP}
