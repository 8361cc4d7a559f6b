"""Every fault by name; the row is that of the fault matrix."""

import random
from dataclasses import dataclass

from tests.faults import disks, kills, races, servers, smtp_faults, visitors, workers
from tests.faults.run import Strike


@dataclass(frozen=True)
class Fault:
    """A fault, how often it is drawn among the others, and where it stands in the matrix."""

    name: str
    row: str
    strike: Strike
    weight: int = 1
    #: Why it cannot be made on this machine.
    missing: str = ""


FAULTS = (
    Fault("kill child after claim", "1", kills.after_claim("child"), 2),
    *(Fault(f"kill child {point}", "1", kills.at_point(point, "child"), 3) for point in kills.POINTS),
    Fault("kill child after 250, before flush", "1", kills.after_250("child"), 3),
    Fault("kill child at random", "1", kills.at_random("child"), 4),
    Fault("kill three times at random", "1", kills.again_and_again, 3),
    Fault("kill worker after claim", "2", kills.after_claim("worker"), 1),
    *(Fault(f"kill worker {point}", "2", kills.at_point(point, "worker"), 1) for point in kills.POINTS),
    Fault("kill worker after 250, before flush", "2", kills.after_250("worker"), 1),
    Fault("kill worker at random", "2", kills.at_random("worker"), 3),
    Fault("kill container at random", "2", kills.at_random("group"), 3),
    Fault("kill beat", "3", kills.beat_killed, 1),
    Fault("two beats", "4", kills.two_beats, 1),
    Fault("kill web", "5", visitors.web_killed, 3),
    Fault("Redis down at enqueue", "6", servers.redis_away_at_enqueue, 1),
    Fault("Redis killed", "7", servers.redis_killed, 2),
    Fault("Redis frozen", "7", servers.redis_frozen, 2),
    Fault("Redis half-open", "7", workers.redis_half_open, 1),
    Fault("Redis restarted ten times", "7", workers.redis_restarted_ten_times, 1),
    Fault("Redis flushed", "8", servers.redis_flushed, 2),
    Fault("PostgreSQL killed", "9", servers.postgres_killed, 2),
    Fault("PostgreSQL restarted", "9", servers.postgres_restarted, 2),
    Fault("PostgreSQL connections reset", "9", servers.connections_reset, 2),
    Fault("PostgreSQL read-only", "9", servers.postgres_read_only, 2),
    Fault("PostgreSQL's tables full", "10", disks.tables_full, 2),
    Fault("PostgreSQL's log full", "10", disks.log_full, 1),
    Fault("journals' disk full", "10", disks.journals_full, 2),
    Fault("rows locked by another", "11", servers.rows_locked, 1),
    Fault("relay says 421", "12", smtp_faults.says_421, 3),
    Fault("relay says later", "13", smtp_faults.says_later, 2),
    Fault("relay says never", "14", smtp_faults.says_never, 2),
    Fault("relay refuses our login", "15", smtp_faults.refuses_login, 1),
    Fault("relay refuses connections", "15", smtp_faults.refuses_connections, 1),
    *(Fault(f"relay silent at {verb}", "16", smtp_faults.silent_at(verb)) for verb in smtp_faults.VERBS),
    Fault("relay vanishes", "17", smtp_faults.vanishes, 1),
    Fault("relay trickles", "18", smtp_faults.trickles, 1),
    Fault("relay's reply never ends", "18", smtp_faults.never_ends, 1),
    Fault("relay drops in DATA", "19", smtp_faults.drops_in_data, 2),
    Fault("relay drops after the dot", "19", smtp_faults.drops_after_dot, 2),
    Fault("relay talks nonsense", "19", smtp_faults.talks_nonsense, 2),
    Fault("relay is killed", "19", smtp_faults.dies, 2),
    Fault("relay closes after some", "20", smtp_faults.closes_after_some, 1),
    Fault("relay out of step", "21", smtp_faults.out_of_step, 1),
    Fault("clock jumps", "23", workers.clock_jumps, 2, "" if workers.CLOCKS else workers.NO_CLOCKS),
    Fault("wake-ups many times at once", "25", races.five_at_once, 1),
    Fault("SIGTERM in the middle", "26", kills.told_to_stop, 2),
    Fault("poison messages", "27", races.poison, 1),
    # The engine must count crashes per row and claim alone what may have caused one.
    Fault("deadly messages", "27", workers.deadly_messages, 1),
    Fault("readers leave in the middle", "28", races.readers_leave, 2),
    Fault("stopped in the middle", "28", races.stopped, 1),
    Fault("paused in the middle", "28", races.paused, 1),
    Fault("planned twice", "29", races.planned_twice, 1),
    Fault("send pressed often", "30", races.send_pressed_often, 1),
    Fault("worker frozen past its lease", "36", kills.frozen_past_its_lease, 1),
    Fault("frozen worker is told late", "36", kills.frozen_and_told_late, 1),
)

#: An arrangement whose first twenty have kills, web, Redis, PostgreSQL, disks, relays and people in them.
_SHUFFLE = 488


def find(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.name == name)


def order(seeds: int) -> list[Fault]:
    """Return a fault for every seed: every one once before any comes again, the weighty ones oftener.

    The rows of the matrix take turns, so that a few seeds have something of everything.
    """
    endless = [fault for turn in range(4) for fault in _by_turns(turn)]
    return [endless[seed % len(endless)] for seed in range(seeds)]


def _by_turns(turn: int) -> list[Fault]:
    rows: dict[str, list[Fault]] = {}
    for fault in FAULTS:
        if fault.weight > turn:
            rows.setdefault(fault.row, []).append(fault)
    queues = list(rows.values())
    # Shuffled, and always alike: a seed means the same fault on every machine.
    random.Random(_SHUFFLE).shuffle(queues)
    ranks = [(place, fault) for queue in queues for place, fault in enumerate(queue)]
    return [fault for _, fault in sorted(ranks, key=lambda ranked: ranked[0])]
