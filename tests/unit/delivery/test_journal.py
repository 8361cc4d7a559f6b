"""The journal: what a sender did survives its death, a turn of the file, and a torn end."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.delivery import journal
from service.delivery.journal import Journal
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
OWNER = "host:1:abc"


def outcome(n: int, state: MessageState = MessageState.SENT) -> Outcome:
    return Outcome(1, n, state=state, at=NOW, phase="dot", code=250, relay="relay:25", reply="ok")


def of(folder: Path) -> journal.Record:
    found = journal.read_of(folder, OWNER)
    assert found is not None
    return found


def test_a_turn_of_the_file_keeps_open_dots_and_what_is_not_written_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_ROTATE_BYTES", 200)
    with Journal(tmp_path, OWNER) as book:
        for n in range(20):
            book.dot((1, n))
            if n not in {7, 19}:
                book.outcome(outcome(n))
        book.write_out()
        before = of(tmp_path)
        assert before.dots == {(1, 7), (1, 19)}
        book.clear([outcome(18)])
        after = of(tmp_path)
        assert after.dots == {(1, 7), (1, 19)}
        assert set(after.outcomes) == {(1, 18)}
        book.outcome(outcome(7))
        book.write_out()
        assert of(tmp_path).dots == {(1, 19)}
    assert journal.read_of(tmp_path, OWNER) is None, "everything is in the database"


def test_a_small_file_is_left_as_it_is(tmp_path: Path) -> None:
    with Journal(tmp_path, OWNER) as book:
        book.dot((1, 1))
        book.outcome(outcome(1))
        book.write_out()
        book.clear([])
        assert set(of(tmp_path).outcomes) == {(1, 1)}


@given(cut=st.integers(min_value=1, max_value=400))
def test_a_torn_end_takes_nothing_with_it_but_itself(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal(folder, OWNER) as book:
        for n in range(6):
            book.dot((1, n))
            book.outcome(outcome(n, MessageState.DEFERRED if n % 2 else MessageState.SENT))
        book.write_out()
        [path] = folder.glob("*")
        whole = path.read_bytes()
        torn = folder / "torn"
        torn.write_bytes(whole[: max(0, len(whole) - cut)])
        found, everything = journal.read(torn), journal.read(path)
    assert found.outcomes.items() <= everything.outcomes.items()
    # A dot that went out is known to have gone out, whether its outcome was torn off or not.
    written = {
        (1, int(line.split()[2])) for line in torn.read_text().split("\n")[:-1] if line.startswith("D ")
    }
    assert found.dots | set(found.outcomes) == written
