"""The product's own source files, read once."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def python_files() -> dict[Path, ast.Module]:
    """Return every module of the product, parsed; migrations are generated and left out."""
    files = [*ROOT.glob("service/**/*.py"), *ROOT.glob("tasks/**/*.py")]
    return {
        path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
        for path in files
        if "versions" not in path.parts
    }
