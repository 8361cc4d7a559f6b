"""Rules for every route of the console: a declared role, and an entry in the audit log."""

import ast
from collections.abc import Callable
from functools import cache

from flask.testing import FlaskClient

from service.operators.models import Role
from service.web.admin import auth
from tests.architecture.sources import python_files

#: Doors: whoever is outside has no role yet.
OPEN = {"console_entrance", "console_second_step", "console_forgotten"}

#: Forms that change nothing anybody would look for, each with its reason.
UNAUDITED = {
    "console_readers.search": "looks for somebody; posted, so that no log has the address",
    "console_suppressions.look": "looks an address up; posted for the same reason",
    "console_reader_merging.find_other": "finds the other reader; the merge itself is audited",
    "console_kept.drop": "throws away what one typed oneself and never sent",
    "console_blast_checks.typed": "shows what is being typed as a mail, and keeps nothing",
    "console_confirm.confirm": "proves who is there; what follows is audited",
}


def test_every_console_route_has_a_declared_role(client: FlaskClient) -> None:
    rules = [rule for rule in client.application.url_map.iter_rules() if rule.rule.startswith("/console")]
    without = {
        rule.endpoint for rule in rules if rule.endpoint.partition(".")[0] not in {*auth.DECLARED, *OPEN}
    }
    assert without == set()
    assert len(auth.DECLARED) > 15


def test_a_role_that_may_look_is_never_higher_than_the_one_that_may_change() -> None:
    order = list(Role)
    for name, (look, change) in auth.DECLARED.items():
        assert order.index(look) <= order.index(change), name


def test_every_form_of_the_console_leaves_an_entry_in_the_audit_log(client: FlaskClient) -> None:
    """By the code: from each view that takes a form, some way leads to `audit.record`."""
    app = client.application
    posts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console") and "POST" in (rule.methods or set())
    }
    assert len(posts) > 40
    code = Code()
    silent = {
        endpoint
        for endpoint in posts
        if not code.leads(_name_of(app.view_functions[endpoint]), to="service.audit.record")
    }
    assert silent == set(UNAUDITED)


def _name_of(view: Callable[..., object]) -> str:
    return f"{view.__module__}.{view.__name__}"


class Code:
    """Every function and table of our modules, and which others it names; looked into only where asked."""

    def __init__(self) -> None:
        self._nodes: dict[str, ast.stmt] = {}
        self._imported: dict[str, dict[str, str]] = {}
        for path, tree in python_files().items():
            module = ".".join(path.with_suffix("").parts)
            self._imported[module] = _imports(tree)
            for node in tree.body:
                for name in _defined(node):
                    self._nodes[f"{module}.{name}"] = node

    def leads(self, start: str, *, to: str) -> bool:
        """Say whether some way of names leads from one function to another."""
        seen, waiting = {start}, [start]
        while waiting:
            fresh = self._named(waiting.pop()) - seen
            if to in fresh:
                return True
            seen |= fresh
            waiting += fresh
        return False

    @cache  # noqa: B019  (lives as long as the one test that makes it)
    def _named(self, owner: str) -> frozenset[str]:
        node = self._nodes.get(owner)
        if node is None:
            return frozenset()
        module = owner.rpartition(".")[0]
        return frozenset(_full(each, module, self._imported[module]) for each in ast.walk(node))


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _full(node: ast.AST, module: str, imported: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return imported.get(node.id, f"{module}.{node.id}")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
        return f"{imported[node.value.id]}.{node.attr}"
    return ""


def _imports(tree: ast.Module) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
