"""The rules of the house, as far as a machine can hold them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.dispatch import QUEUES, TaskName
from service.migrations import schema
from service.settings import Settings
from tests.architecture.sources import ROOT, python_files

#: The one room that ends transactions; entry points go through `transaction()`.
MAY_COMMIT = {"service/db.py"}

#: Enough to read the configuration; nobody connects to these.
SETTINGS = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "PUBLIC_URL": "http://localhost:8000",
    "SECRET_KEY": "a key that is only ever used in tests",
}


def test_no_file_is_longer_than_300_lines() -> None:
    sizes = {str(path): len((ROOT / path).read_text().splitlines()) for path in python_files()}
    assert {path: size for path, size in sizes.items() if size > 300} == {}


def test_the_readme_names_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    names = {field.validation_alias or name.upper() for name, field in Settings.model_fields.items()}
    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in readme} == set()


def test_nothing_is_imported_inside_a_function() -> None:
    inner = [
        f"{path}:{node.lineno}"
        for path, tree in python_files().items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inner == []


def test_domain_code_never_commits() -> None:
    commits = [
        f"{path}:{node.lineno}"
        for path, tree in python_files().items()
        if str(path) not in MAY_COMMIT
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
    ]
    assert commits == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path) for path, tree in python_files().items() if ast.get_docstring(tree) is None] == []


def test_package_files_hold_no_code() -> None:
    busy = [
        str(path)
        for path, tree in python_files().items()
        if path.name == "__init__.py" and any(not isinstance(node, ast.Expr) for node in tree.body)
    ]
    assert busy == []


def test_every_task_name_is_registered_and_has_a_queue() -> None:
    # A fresh process, as a worker is one.
    script = (
        "import importlib; from tasks.app import MODULES, app; "
        "[importlib.import_module(name) for name in MODULES]; print(*sorted(app.tasks))"
    )
    listed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, env=SETTINGS
    )
    registered = {name for name in listed.stdout.split() if name.startswith("broadsheet.")}
    assert registered == {task.value for task in TaskName}
    assert set(QUEUES) == set(TaskName)


def test_workers_start_without_flask() -> None:
    script = "import sys, tasks.ops, tasks.digests, tasks.delivery; print('flask' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert output.stdout.strip() == "False"


@pytest.mark.parametrize("task", [path for path in python_files() if path.parts[0] == "tasks"], ids=str)
def test_a_task_is_a_wake_up_of_at_most_ten_lines(task: Path) -> None:
    long = [
        node.name
        for node in python_files()[task].body
        if isinstance(node, ast.FunctionDef)
        and any("task" in ast.unparse(decorator) for decorator in node.decorator_list)
        and (node.end_lineno or 0) - node.lineno >= 11
    ]
    assert long == []


def test_migrations_match_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        assert schema.differences(connection) == []


def test_nothing_names_a_machine_or_another_house() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT)
    needles = ["/" + "root/", "/" + "work/", "." + "pyenv"]
    found = [
        name
        for name in tracked.stdout.splitlines()
        if (ROOT / name).suffix not in {".png", ".lock"} and (ROOT / name).is_file()
        for needle in needles
        if needle in (ROOT / name).read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []
