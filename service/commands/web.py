"""`broadsheet web`: gunicorn around the Flask application."""

from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from service import bootstrap, logs, memory, settings
from service.app import create_app
from service.dispatch import CoalescingDispatcher
from service.settings import Settings

#: Streams of live pages never end by themselves; a stop does not wait for them.
GRACEFUL_SECONDS = 3


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Threads rather than processes: a live page costs a sleeping thread, not a worker."""

    def __init__(self, configuration: Settings, *, host: str, port: int) -> None:
        self._settings = configuration
        self._bind = f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": self._settings.web_workers,
            "threads": self._settings.web_threads,
            "timeout": 60,
            "graceful_timeout": GRACEFUL_SECONDS,
            "keepalive": 5,
            "max_requests": 0,
            "worker_tmp_dir": None,
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "broadsheet-web",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        # A page waits for its own query only; streams hold no connection. One that answered half a second ago
        # is alive, or the database has died within it; asking each time is one round trip in a dozen.
        runtime = bootstrap.build(self._settings, pool_size=16, trust_seconds=0.5)
        application = create_app(runtime.with_(dispatcher=CoalescingDispatcher(runtime.dispatcher)))
        memory.settle()
        return application


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 in a container."
)
@click.option("--port", default=8000, show_default=True, envvar="BROADSHEET_PORT", help="Port to listen on.")
def web(host: str, port: int) -> None:
    """Serve the sign-up pages and the operator console.

    Reads DATABASE_URL, REDIS_URL, PUBLIC_URL, SECRET_KEY, SMTP_URL; WEB_THREADS (each open live page holds
    one) and WEB_WORKERS size it. Put a TLS-terminating proxy in front and set TRUSTED_PROXIES=1.
    """
    configuration = settings.load()
    logs.configure(json_lines=configuration.log_format == "json")
    WebServer(configuration, host=host, port=port).run()
