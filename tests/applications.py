"""One application per process and settings: making one, and compiling its pages, is most of a small test."""

from flask import Flask

from service.app import create_app
from service.bootstrap import Runtime
from service.web import context
from service.web.admin import live

_BUILT: dict[str, Flask] = {}


def around(runtime: Runtime) -> Flask:
    """Return the application of these settings, from now on around this runtime.

    The folder of data is left out of the comparison: every test has one of its own, and views ask the
    runtime for it. A test that adds routes or configures its application builds its own.
    """
    settings = repr(runtime.settings.model_dump(exclude={"data_dir"}))
    # What is secret is written as stars, and two keys must not meet in one application.
    key = f"{settings} {runtime.settings.secret_keys}"
    if key not in _BUILT:
        _BUILT[key] = create_app(runtime)
        _BUILT[key].testing = True
    context.bind(_BUILT[key], runtime)
    live.bind(_BUILT[key], runtime)
    return _BUILT[key]
