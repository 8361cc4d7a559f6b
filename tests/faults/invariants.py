"""What must hold after every run: the ledger against the oracle (I1 to I7 of the fault matrix)."""

from collections import defaultdict
from dataclasses import dataclass, field

from service.delivery import accounting
from service.dispatch import TaskName
from tests.faults import audience
from tests.faults.processes import until
from tests.faults.relay import Taken
from tests.faults.run import Run

#: An unsubscribe or a stop holds from its commit on, but for 100 ms; the rest is for a busy machine.
GRACE_SECONDS = 0.6


@dataclass
class Verdict:
    """What a run has brought to light."""

    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    #: Broken promises, each a sentence.
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.wrong.append(sentence)


@dataclass(frozen=True)
class Row:
    """One message as the ledger has it."""

    mailing_id: int
    email: str
    state: str
    reason: str
    message_id: str
    kind: str

    @property
    def visitor(self) -> bool:
        """Somebody who came to the web pages during the run."""
        return self.email.startswith("visitor")

    @property
    def bulk(self) -> bool:
        return self.email.startswith("reader")


def judge(run: Run) -> Verdict:
    """Hold the ledger against the oracle."""
    verdict = Verdict()
    copies: dict[str, list[Taken]] = defaultdict(list)
    for each in run.world.relay.taken(run.since):
        copies[each.message_id.strip("<>").partition("@")[0]].append(each)
    rows = _rows(run)
    for row in rows:
        _one(run, row, copies.pop(row.message_id, []), verdict)
    verdict.expect(not copies, f"I3: {len(copies)} accepted messages are in no row of this run.")
    verdict.expect(
        verdict.unknown <= run.doubt,
        f"I3: {verdict.unknown} are unknown, and nobody can know about {run.doubt} at most.",
    )
    verdict.wrong += dict.fromkeys(run.seen)
    _everybody_has_a_row(run, [row for row in rows if not row.visitor], verdict)
    _accounts_close(run, verdict)
    _nobody_is_blamed(run, verdict)
    return verdict


def _one(run: Run, row: Row, copies: list[Taken], verdict: Verdict) -> None:
    if row.state == "unknown":
        verdict.unknown += 1
    verdict.expect(row.state not in _PENDING, f"I2: a message is still {row.state} ({row.reason}).")
    strangers = {each.recipient for each in copies} - {row.email}
    verdict.expect(not strangers, f"I3: a mail to {row.email} was given to somebody else.")
    if row.visitor:
        # Other mail to somebody who leaves a moment later may go or not.
        once = len(copies) == 1 if row.kind == "confirm" else len(copies) <= 1
        verdict.expect(once, f"A visitor's {row.kind} mail was accepted {len(copies)} times.")
        return
    refused = row.email in run.plan.suppressed | run.plan.left
    if refused:
        verdict.expect(not copies, "I5: somebody who may not be mailed was mailed.")
        # Whose turn had not come when the mailing was stopped is cancelled like everybody else.
        ends = {"skipped"} | (run.allowed & {"cancelled"})
        verdict.expect(row.state in ends, f"I5: a reader who must be skipped is {row.state}.")
        return
    # Only a confirmation may come twice, and then it is the same one.
    if len(copies) > 1 and (row.bulk or len({each.hash for each in copies}) > 1):
        verdict.doubled += len(copies) - 1
        verdict.wrong.append(f"I3: a {row.state} mail to {row.email} was accepted {len(copies)} times.")
    if row.state == "sent":
        verdict.lost += not copies
    elif row.state != "unknown":
        verdict.expect(row.state in run.allowed, f"A message is {row.state} ({row.reason}).")
        if row.bulk:
            verdict.expect(not copies, f"I3: a message is {row.state} ({row.reason}) and was accepted.")
    left_at = run.unsubscribed.get(row.email, run.stopped.get(row.mailing_id))
    if left_at is not None:
        # The text counts: MAIL alone may have been said early, behind the dot of the message before.
        late = [each for each in copies if each.body_at > left_at + GRACE_SECONDS]
        verdict.expect(not late, "I4: mail began to go out after an unsubscribe or a stop.")


def _everybody_has_a_row(run: Run, rows: list[Row], verdict: Verdict) -> None:
    """I1: one row for each, and nobody without one."""
    keys = [(row.mailing_id, row.email) for row in rows]
    verdict.expect(len(keys) == len(set(keys)), "I1: somebody has two rows in one mailing.")
    wanted = audience.READERS + audience.CONFIRM + run.expected_extra
    verdict.lost += max(0, wanted - len(set(keys)))


def _accounts_close(run: Run, verdict: Verdict) -> None:
    run.world.wake(TaskName.SWEEP)
    try:
        until(lambda: _mailings_end(run), seconds=15, sentence="I2: a mailing does not come to its end.")
    except TimeoutError as error:
        verdict.wrong.append(str(error))
    with run.world.runtime.sessions() as session:
        accounts = accounting.accounts(session, run.plan.mailings)
        for mailing_id, account in accounts.items():
            verdict.expect(account.adds_up, "I2: an account does not add up.")
            verdict.expect(
                account == accounting.recount(session, mailing_id), "I7: the counters are not what rows say."
            )


def _mailings_end(run: Run) -> bool:
    """Say whether the mailings of this run have come to their end."""
    return not run.world.sql(
        "SELECT 1 FROM mailings WHERE id = ANY(:ids) AND state NOT IN ('finished', 'stopped')",
        ids=[run.plan.blast, run.plan.digest, *filter(None, [run.plan.extra])],
    )


def _nobody_is_blamed(run: Run, verdict: Verdict) -> None:
    """What is wrong with us or with a relay is never held against a reader."""
    if run.bounces:
        return
    blamed = run.world.sql("SELECT 1 FROM suppressions WHERE reason <> 'operator'")
    verdict.expect(not blamed, f"{len(blamed)} addresses were suppressed, and none of them bounced.")


def _rows(run: Run) -> list[Row]:
    found = run.world.sql(
        "SELECT m.mailing_id, s.email, m.state, m.reason, m.message_id, m.kind "
        "FROM messages m JOIN subscribers s ON s.id = m.subscriber_id "
        "WHERE m.mailing_id IN (:blast, :digest, :extra) OR m.dedupe_key = ANY(:confirms) "
        "OR s.email = ANY(:visitors)",
        blast=run.plan.blast,
        digest=run.plan.digest,
        extra=run.plan.extra,
        confirms=run.plan.confirms,
        visitors=run.visitors,
    )
    return [Row(int(str(each[0])), *map(str, each[1:])) for each in found]


_PENDING = {"planned", "held", "claimed", "sending", "deferred"}
