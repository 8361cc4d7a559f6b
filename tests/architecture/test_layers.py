"""The import contracts of the project file are kept."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT


def test_imports_go_down_only() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stdout
