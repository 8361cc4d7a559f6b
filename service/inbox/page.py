"""The HTTP side of the inbox: a list, a message, and JSON for tests; plain WSGI, no framework."""

from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import Forbidden, HTTPException, NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from service.inbox import api
from service.inbox.frame import frame_response
from service.inbox.reading import Opened, open_message
from service.inbox.store import Entry, Store

_HERE = Path(__file__).parent
PAGE_SIZE = 60
#: Always answered; anything else must be named, or a web page could read mail by DNS rebinding.
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

VIEWS = {"html": "As mail", "text": "Plain text", "headers": "Headers", "raw": "Raw"}
WIDTHS = {"375": "Phone", "600": "Tablet", "full": "Full width"}
SCHEMES = {"light": "Light", "dark": "Dark", "inverted": "Inverted"}

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_URLS = Map(
    [
        Rule("/", endpoint="list", methods=["GET"]),
        Rule("/messages/<id>", endpoint="message", methods=["GET"]),
        Rule("/messages/<id>/frame", endpoint="frame", methods=["GET"]),
        Rule("/messages/<id>/raw.eml", endpoint="raw", methods=["GET"]),
        Rule("/delete", endpoint="delete", methods=["POST"]),
        Rule("/api/messages", endpoint="api_list", methods=["GET"]),
        Rule("/api/messages/<id>", endpoint="api_message", methods=["GET"]),
        Rule("/health", endpoint="health", methods=["GET"]),
    ]
)

WsgiApp = Callable[..., Iterable[bytes]]


def make_app(store: Store, *, names: Iterable[str] = ()) -> WsgiApp:
    """Make the WSGI application; `names` are host names to answer to beside loopback."""
    site = _Site(store, names=LOOPBACK_NAMES | {name.lower() for name in names})
    return SharedDataMiddleware(site, {"/static": str(_HERE / "static")}, cache_timeout=60)


class _Site:
    def __init__(self, store: Store, *, names: frozenset[str]) -> None:
        self._store = store
        self._names = names
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._respond(request)
        except NotFound:
            response = self._page("missing.html", status=404)
        except HTTPException as error:
            response = Response(
                f"{error.description}\n", status=error.code or 500, headers=error.get_headers()
            )
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Not "no-referrer": with it a browser sends `Origin: null` from our own form.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response(environ, start_response)  # type: ignore[arg-type]  # WSGI's own loose types

    def _respond(self, request: Request) -> Response:
        if _host_name(request.host) not in self._names:
            raise Forbidden("The inbox does not answer to this host name.")
        endpoint, values = _URLS.bind_to_environ(request.environ).match()
        if "id" not in values:
            view: Callable[[Request], Response] = getattr(self, f"_{endpoint}")
            return view(request)
        entry = self._store.find(values["id"])
        raw = None if entry is None else self._store.read(entry)
        if entry is None or raw is None:
            raise NotFound
        show: Callable[[Request, Entry, bytes], Response] = getattr(self, f"_{endpoint}")
        return show(request, entry, raw)

    def _list(self, request: Request) -> Response:
        words, before = request.args.get("q", ""), request.args.get("before", "")
        entries = self._store.list_entries(words=words, before=before, limit=PAGE_SIZE + 1)
        older = (
            urlencode({"q": words, "before": entries[PAGE_SIZE - 1].id}) if len(entries) > PAGE_SIZE else ""
        )
        return self._page("list.html", entries=entries[:PAGE_SIZE], words=words, before=before, older=older)

    def _message(self, request: Request, entry: Entry, raw: bytes) -> Response:
        opened = open_message(raw)
        self._store.mark_seen(entry.id)
        return self._page(
            "message.html",
            entry=entry,
            opened=opened,
            raw=raw.decode("utf-8", "replace") if request.args.get("view") == "raw" else "",
            chosen=_choices(request, opened),
            views=VIEWS,
            widths=WIDTHS,
            schemes=SCHEMES,
        )

    def _frame(self, request: Request, entry: Entry, raw: bytes) -> Response:
        return frame_response(open_message(raw).html or "", scheme=request.args.get("scheme", "light"))

    def _raw(self, request: Request, entry: Entry, raw: bytes) -> Response:
        response = Response(raw, mimetype="message/rfc822")
        response.headers["Content-Disposition"] = f'attachment; filename="{entry.id}.eml"'
        return response

    def _delete(self, request: Request) -> Response:
        origin = request.headers.get("Origin", "")
        if urlsplit(origin).netloc != request.host:
            raise Forbidden("Messages are deleted from the inbox's own page only.")
        self._store.delete_all()
        return redirect("/", 303)

    def _api_list(self, request: Request) -> Response:
        return api.list_response(self._store, request)

    def _api_message(self, request: Request, entry: Entry, raw: bytes) -> Response:
        return api.message_response(entry, open_message(raw))

    def _health(self, request: Request) -> Response:
        return Response("ok\n", mimetype="text/plain")

    def _page(self, template: str, *, status: int = 200, **context: object) -> Response:
        html = self._templates.get_template(template).render(
            store=self._store, latest=self._store.latest_id(), **context
        )
        return Response(html, status=status, mimetype="text/html")


def _choices(request: Request, opened: Opened) -> dict[str, str]:
    """Read how the message is to be shown; an unknown choice counts as none."""
    view = "html" if opened.html is not None else "text"
    wanted = {name: request.args.get(name, "") for name in ("view", "width", "scheme")}
    return {
        "view": wanted["view"] if wanted["view"] in VIEWS else view,
        "width": wanted["width"] if wanted["width"] in WIDTHS else "full",
        "scheme": wanted["scheme"] if wanted["scheme"] in SCHEMES else "light",
    }


def _host_name(host: str) -> str:
    """The Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
