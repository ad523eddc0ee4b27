"""The floors of the house: a file imports only from its own folder and from lower floors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

FLOORS = {
    "addresses": 0, "bounded": 0, "config": 0, "conversation": 0, "disk": 0, "errors": 0, "plain_text": 0,
    "progress": 0, "records": 0, "seeds": 0, "telemetry": 0, "tracking": 0, "version": 0, "wording": 0,
    "stats": 1, "store": 1, "tensors": 1,
    "data": 2, "models": 2, "reports": 2,
    "calls": 3, "labels": 3,
    "judges": 4,
    "annotators": 5, "methods": 5, "pocket": 5,
    "pipeline": 6,
    "analysis": 7,
    "leaderboard": 8,
    "options": 9,
    "api": 10, "commands": 10,
}  # fmt: skip


def area(module: str) -> str:
    """farm.stats.ranking.correlations -> stats"""
    return module.split(".")[1]


def imports_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return [name for name in names if name.startswith("farm.")]


def test_imports_go_down() -> None:
    files = [path for path in sorted((ROOT / "farm").rglob("*.py")) if path.stem not in ("__init__", "__main__")]
    assert len(files) > 40
    wrong = []
    for path in files:
        own = area("farm." + path.relative_to(ROOT / "farm").with_suffix("").as_posix().replace("/", "."))
        for name in imports_of(path):
            other = area(name)
            if other != own and FLOORS[other] >= FLOORS[own] and not (FLOORS[other] == FLOORS[own] == 0):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_every_area_of_the_package_has_a_floor() -> None:
    areas = {path.stem for path in (ROOT / "farm").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert areas - {"__init__", "__main__"} == FLOORS.keys()


@pytest.mark.parametrize("area_name", ["stats", "labels", "reports", "analysis", "leaderboard"])
def test_statistics_run_without_torch(area_name: str) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "farm" / area_name).rglob("*.py")
        if path.stem != "__init__"
    ]
    assert modules
    code = f"import sys, {', '.join(modules)}; print([m for m in ('torch', 'transformers', 'trl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
