"""The Flask application factory."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from service.bootstrap import Runtime
from service.web import blueprints, context, errors, row_ids, security, tongue, uploads
from service.web.readers import formats

STATIC = Path(__file__).parent / "web" / "static"
#: Public forms are small; articles come in by feed, not by upload.
MAX_BODY_BYTES = 64 * 1024


def create_app(runtime: Runtime) -> Flask:
    """Build the application around a runtime."""
    app = Flask("service.web", static_folder=None)
    settings = runtime.settings
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SECRET_KEY_FALLBACKS=[key.get_secret_value() for key in settings.secret_key_fallbacks],
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SESSION_COOKIE_NAME="__Host-broadsheet" if settings.https else "broadsheet",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=24 * 3600,
        # Token pages tell nobody their address (no-referrer), so there is no Referer to compare with.
        WTF_CSRF_SSL_STRICT=False,
        # Mail links are built from PUBLIC_URL; a poisoned Host header must not get anywhere (standards 152).
        TRUSTED_HOSTS=_hosts(settings.base_url),
    )
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    context.bind(app, runtime)
    tongue.init_app(app)
    formats.init_app(app)
    # Before the forms are protected: looking for the token reads the body.
    uploads.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    row_ids.init_app(app)
    for blueprint in blueprints.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=STATIC, prefix="static/", max_age=3600)  # type: ignore[method-assign]  # the documented way
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]  # the documented way
    return app


def _hosts(base_url: str) -> list[str]:
    """The public name, and the loopback names that health checks and local installs use."""
    public = urlsplit(base_url).hostname or "localhost"
    return list({public, "localhost", "127.0.0.1"})
