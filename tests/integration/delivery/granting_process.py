"""A process that asks for grants as fast as it can for a while, and prints what it got, from when to when."""

import sys
import time

from service.delivery.throttle import Throttle


def main(redis_url: str, rate: float, seconds: float, prefix: str) -> None:
    throttle = Throttle(redis_url, relay_rates={"relay:25": rate}, domain_rates={}, prefix=prefix)
    began, granted = time.time(), 0
    while time.time() < began + seconds:
        granted += throttle.grant("relay:25", {"example.org": 64}).now["example.org"]
        time.sleep(0.002)
    sys.stdout.write(f"{granted} {began} {time.time()}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
