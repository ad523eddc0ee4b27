"""No figure of experiments/benchmarks/figures.json has become worse by a factor of 1.3; `pytest -m perf`, by hand."""

import json
import subprocess
import sys

import pytest

from tests.paths import ROOT

FOLDER = ROOT / "experiments" / "benchmarks"
KEPT = json.loads((FOLDER / "figures.json").read_text())
CODE = "import sys; sys.path.insert(0, sys.argv[1]); from ratios import figures, measure, WORST_FACTOR; "


@pytest.mark.perf
@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_figure_is_no_worse_than_the_kept_one_by_more_than_the_factor(name: str) -> None:
    code = CODE + "print(WORST_FACTOR, measure(figures()[sys.argv[2]]))"
    done = subprocess.run([sys.executable, "-c", code, FOLDER, name], capture_output=True, text=True, check=True)
    factor, ratio = map(float, done.stdout.split()[-2:])
    assert factor == 1.3
    assert ratio <= factor * KEPT[name]["ratio"], f"{name}: {ratio:.3f}, kept {KEPT[name]['ratio']:.3f}"


def test_every_figure_is_kept_with_what_it_is() -> None:
    assert {"agreement", "bradley_terry", "dpo", "ppo", "sft"} == KEPT.keys()
    assert all(figure["ratio"] > 0 and figure["what"] and figure["date"] for figure in KEPT.values())
