"""`python -m service.demo.run_site PORT SIGNUP_URL STARTED_AT`: the demo's news site as a process."""

import sys
from datetime import datetime

from service.demo import site


def main(port: str, signup_url: str, started_at: str) -> None:
    """Serve until SIGTERM."""
    site.serve(port=int(port), signup_url=signup_url, started_at=datetime.fromisoformat(started_at))


if __name__ == "__main__":
    main(*sys.argv[1:])
