"""The script in Redis and the pure core agree, whatever happened before."""

from uuid import uuid4

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.delivery import pace
from service.delivery.pace import Limit
from service.delivery.shared_limits import SCRIPT

GAPS = st.floats(0, 30)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), GAPS, st.integers(0, 60), st.integers(0, 20), st.integers(0, 5)),
        st.tuples(st.just("cut"), GAPS, st.floats(0, 200), st.sampled_from([0.0, 0.0, 60.0])),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=st.one_of(st.just(0.0), st.floats(0.05, 500)), events=EVENTS)
def test_random_histories_end_alike(redis_url: str, top: float, events: list[tuple[object, ...]]) -> None:
    prefix, now = f"test:{uuid4().hex}:", 1000.0
    limit: Limit | None = pace.begin(top=top, rate=top, lift=0.0, now=now) if top else None
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        script = client.register_script(SCRIPT)
        keys = [prefix + "a", prefix + "slowed"]
        if top:
            script(keys, ["grant", now, 1, "a", top, top, 0, 0, 0, 1, 0, 0])
        for kind, gap, *rest in events:
            now += float(str(gap))
            if kind == "cut":
                flow, pause = rest
                script(keys, ["cut", now, "a", top, top, 0, flow, pause, "slower"])
                known = limit or pace.unlimited(flow=flow, now=now)
                limit = pace.cut(known, now=now, flow=flow, rest=pause)
            elif limit is not None:
                want, accepted, returned = rest
                raw = script(keys, ["grant", now, 1, "a", top, top, 0, accepted, returned, 1, 0, want])
                limit = pace.advance(limit, now=now, accepted=accepted, returned=returned)
                limit, taken = pace.take(limit, want)
                assert int(raw[0]) == taken
                assert float(raw[1]) == pytest.approx(pace.wait(limit) if taken < want else 0, abs=1e-6)
                assert float(raw[2]) == pytest.approx(limit.rate)
                assert bool(int(raw[4])) == (limit.slowed_at is not None)
                limit = limit if limit.is_needed else None
            assert client.exists(keys[0]) == (limit is not None)
            slowed = limit is not None and limit.slowed_at is not None
            assert bool(client.sismember(keys[1], "a")) == slowed


def test_a_clock_that_was_set_back_does_not_stop_the_mail(redis_url: str) -> None:
    keys = [f"test:{uuid4().hex}:a", f"test:{uuid4().hex}:slowed"]
    words = [1, "a", 10, 10, 0, 0, 0, 1, 0, 5]
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        script = client.register_script(SCRIPT)
        script(keys, ["grant", 5000.0, *words])
        script(keys, ["grant", 1000.0, *words])
        assert int(script(keys, ["grant", 1001.0, *words])[0]) == 5
