"""The story of a self-test, in order. Its first and last step, start and stop, are the runner's."""

from collections.abc import Callable
from dataclasses import dataclass

from service.selftest import steps_faults, steps_operator, steps_reader
from service.selftest.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must work; `processes` are those whose log explains a failure."""

    title: str
    #: Raises when something is wrong; may return a short note for the report.
    act: Callable[[World], str | None]
    processes: tuple[str, ...] = ("web", "worker")


START = "everything starts: database, queue, inbox, web, worker, beat"
STOP = "everything stops, and no process is left"

STEPS = (
    Step("the set-up page makes operator, newsletter, topics, source", steps_operator.set_up),
    Step("articles come in from the feed, a category is mapped", steps_operator.articles_come_in),
    Step("sign-up: bad input is refused, a GET confirms nothing", steps_reader.sign_up),
    Step("confirmed: the first digest arrives", steps_reader.confirm),
    Step("the digest's links lead to the articles", steps_reader.follow_links),
    Step("topics, rhythm and a pause on the preference page", steps_reader.change_topics),
    Step("next digest: only what is new (her clock put back by a day)", steps_reader.next_digest),
    Step("a known address signs up again and is told so by mail", steps_reader.sign_up_again),
    Step("forty more readers join at once", steps_reader.crowd_joins),
    Step("the console adds up with the inbox", steps_operator.overview_adds_up),
    Step("a second operator is invited by mail, and may only look", steps_operator.invite),
    Step("a blast: written, previewed, tested, counted, sent once", steps_operator.blast_goes_out),
    Step("two leave with one click, one in each encoding", steps_reader.leave),
    Step("the worker is killed in the middle of a blast", steps_faults.kill_worker),
    Step("no log names a reader or holds a link", steps_faults.logs_are_private, processes=()),
)
