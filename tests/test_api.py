"""`import farm`: what it gives, when it imports what, and that every example in its pages runs."""

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import farm
from tests.paths import ROOT

PACKAGE = ROOT / "farm"
CONTRACT = {"read", "rank", "compare", "judge", "annotate", "calibrate", "plan", "run", "open_run"}
API_MODULES = [f"farm.api.{path.stem}" for path in sorted((PACKAGE / "api").glob("*.py")) if path.stem != "__init__"]
TRAINS = {"farm.api.launching"}


def test_the_contract_is_there_and_every_name_is_what_it_says() -> None:
    assert set(farm.__all__) >= CONTRACT
    assert set(dir(farm)) >= set(farm.__all__)
    for name in farm.__all__:
        assert vars(importlib.import_module(f"farm.api.{farm._MODULES[name]}"))[name].__name__ == name


def test_a_type_checker_sees_the_same_names_in_the_same_places() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    seen = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("farm.api.")
        for alias in node.names
    }
    assert seen == {name: f"farm.api.{module}" for name, module in farm._MODULES.items()}


def test_no_name_is_that_of_a_module_which_importing_would_put_in_its_place() -> None:
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert len(modules) > 15
    assert not modules & set(farm.__all__)


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'rnak'"):
        importlib.import_module("farm").rnak  # noqa: B018


def test_the_other_init_files_are_empty() -> None:
    filled = [path for path in PACKAGE.rglob("__init__.py") if path.read_text().strip()]
    assert filled == [PACKAGE / "__init__.py"]


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_every_function_says_what_it_takes_and_shows_an_example(name: str) -> None:
    page = inspect.getdoc(vars(importlib.import_module(f"farm.api.{farm._MODULES[name]}"))[name])
    assert page is not None
    for part in ("Args:", "Raises:", "Example:", ">>> "):
        assert part in page


@pytest.mark.parametrize(
    "module", [pytest.param(name, marks=[pytest.mark.slow] if name in TRAINS else []) for name in API_MODULES]
)
def test_the_examples_run(module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0
    assert list(tmp_path.iterdir()) == []  # an example leaves nothing behind


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_costs_next_to_nothing() -> None:
    code = """
import sys, time
start = time.process_time()
import farm
seconds = time.process_time() - start
assert seconds < 0.1, seconds
assert not {"numpy", "pandas", "hydra", "torch"} & set(sys.modules)
"""
    run_python(code)


def test_reading_ranking_comparing_and_planning_import_no_torch() -> None:
    code = """
import sys
import pandas as pd
import farm
pairs = pd.DataFrame({
    "instruction": [f"Name {n} fruits." for n in range(6)], "output_1": "Plum.", "output_2": "Pear.",
    "model_1": ["a", "b", "c"] * 2, "model_2": ["b", "c", "a"] * 2, "annotator": "w1", "preference": [1, 1, 2] * 2,
})
people, judge = farm.read(pairs, kind="human"), farm.read(pairs, kind="llm")
few = {"n_resamples": 20}
farm.rank(people, report=few).draw()
farm.compare(people, judge, report=few).draw()
farm.plan(n_seeds=[1], n_simulations=100, confidence=0.6, difference=0.2, budgets_usd=[10]).draw()
farm.judge(people, annotators=["longest"], attacked_items=0, n_resamples=20).draw()
farm.annotate(pairs[["instruction", "output_1", "output_2"]], annotator="longest")
assert farm.open_run
print([name for name in ("torch", "transformers", "trl") if name in sys.modules])
"""
    assert run_python(code).strip() == "[]"
