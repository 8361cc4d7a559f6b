"""What a relay may do to us (rows 12 to 21 of the matrix)."""

import time

from tests.fakes.smtp_server import DROP, RESET, STALL, TRICKLE
from tests.faults.run import Run, Strike

VERBS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "QUIT")
#: Replies that mean "later", with where they come.
LATER = ("450 4.2.1 busy", "451 4.7.1 greylisted, come back", "452 4.3.1 full", "451 4.3.0 try again")
#: Replies that mean "never", with where they come.
NEVER = ("550 5.1.1 no such user", "552 5.2.2 full", "553 5.1.3 what?", "554 5.7.1 no", "556 5.1.10 null MX")
#: The oracle takes its time for each message, so that several connections are busy.
SLOW = 0.01


def _strike(run: Run, *rules: dict[str, object]) -> None:
    run.go(*({"name": f"rule {n}", **rule} for n, rule in enumerate(rules)), delay=SLOW)
    run.fault_is_over()


def says_421(run: Run) -> None:
    """421 at any command, once or several times."""
    verb = run.dice.choice(VERBS)
    first = 1 if verb in {"greeting", "EHLO", "QUIT"} else run.dice.randrange(1, 60)
    _strike(run, {"verb": verb, "first": first, "times": run.dice.randrange(1, 4), "reply": "421 4.3.2 bye"})


def says_later(run: Run) -> None:
    """4xx to several messages: each is tried again, and comes once."""
    verb, reply = run.dice.choice(["RCPT", "DATA", "DOT"]), run.dice.choice(LATER)
    _strike(run, {"verb": verb, "first": run.dice.randrange(1, 40), "times": 20, "reply": reply})


def says_never(run: Run) -> None:
    """5xx to several messages: they fail and are never tried again."""
    run.allowed |= {"failed"}
    run.bounces = True
    verb, reply = run.dice.choice(["RCPT", "DOT"]), run.dice.choice(NEVER)
    _strike(run, {"verb": verb, "first": run.dice.randrange(1, 40), "times": 10, "reply": reply})


def refuses_login(run: Run) -> None:
    """Our own set-up is refused: the relay rests, and nobody fails for it."""
    _strike(run, {"verb": "MAIL", "first": run.dice.randrange(1, 60), "times": 2, "reply": "530 5.7.0 login"})


def refuses_connections(run: Run) -> None:
    """Nobody listens for a while."""
    run.world.relay.kill()
    run.wake()
    time.sleep(run.dice.uniform(0.5, 3))
    run.world.relay.start()
    run.world.relay.script(delay=SLOW)
    run.fault_is_over()


def dies(run: Run) -> None:
    """The relay is killed in the middle: connections are reset at any point of the conversation."""
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 60))
    run.doubt += run.world.relay.fall_silent()
    run.world.relay.kill()
    time.sleep(0.3)
    run.world.relay.start()
    run.world.relay.script(delay=SLOW)
    run.fault_is_over()


def vanishes(run: Run) -> None:
    """Half-open: the other end falls silent and hangs nobody up."""
    run.go(delay=SLOW)
    run.under_way(run.dice.randrange(1, 60))
    run.doubt += run.world.relay.fall_silent()
    time.sleep(run.dice.uniform(4, 6))
    run.world.relay.speak_again()
    run.fault_is_over()


def silent_at(verb: str) -> Strike:
    """No answer to one command."""

    def strike(run: Run) -> None:
        if verb == "DOT":
            run.doubt += 1
        first = 1 if verb in {"greeting", "EHLO"} else run.dice.randrange(1, 60)
        _strike(run, {"verb": verb, "first": first, "reply": STALL})

    return strike


def trickles(run: Run) -> None:
    """An answer of one byte at a time, which is no answer: the deadline is for all of it."""
    verb = run.dice.choice(["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
    first = 1 if verb in {"greeting", "EHLO"} else run.dice.randrange(1, 60)
    _strike(run, {"verb": verb, "first": first, "reply": TRICKLE})


def never_ends(run: Run) -> None:
    """A reply of very many lines."""
    lines = "\r\n".join(["250-and another"] * 300)
    _strike(run, {"verb": run.dice.choice(["EHLO", "MAIL", "RCPT"]), "first": 1, "reply": lines})


def drops_in_data(run: Run) -> None:
    """Hangs up in the middle of a message's text, of which we may have sent the end already."""
    run.doubt += 2
    reply = run.dice.choice([DROP, RESET])
    _strike(run, {"verb": "BODY", "first": run.dice.randrange(1, 60), "times": 2, "reply": reply})


def drops_after_dot(run: Run) -> None:
    """Hangs up after the dot, having kept the message or not."""
    times = run.dice.randrange(1, 3)
    run.doubt += times
    reply = run.dice.choice([DROP, RESET, "take+" + DROP, "take+" + RESET])
    _strike(run, {"verb": "DOT", "first": run.dice.randrange(1, 60), "times": times, "reply": reply})


def talks_nonsense(run: Run) -> None:
    """An answer that is no SMTP."""
    verb = run.dice.choice(["greeting", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
    first = 1 if verb in {"greeting", "EHLO"} else run.dice.randrange(1, 60)
    reply = run.dice.choice(["HTTP/1.1 400 Bad Request", "\x00\xff\x00", "2500 what", "999 odd"])
    run.doubt += verb == "DOT"
    _strike(run, {"verb": verb, "first": first, "reply": ("take+" if verb == "DOT" else "") + reply})


def closes_after_some(run: Run) -> None:
    """Hangs up without a word between two messages, again and again."""
    rules = [{"verb": "MAIL", "first": first, "reply": DROP} for first in range(5, 100, 7)]
    _strike(run, *rules)


def out_of_step(run: Run) -> None:
    """503: the connection was left in a state that the relay does not expect."""
    verb = run.dice.choice(["MAIL", "RCPT", "DATA"])
    _strike(
        run, {"verb": verb, "first": run.dice.randrange(1, 60), "times": 2, "reply": "503 5.5.1 sequence"}
    )
