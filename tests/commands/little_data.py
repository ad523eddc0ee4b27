"""Three little files of real text and a random two-layer model: what a chain on own data needs at least."""

import json
from pathlib import Path

from tests.tiny import save_causal_lm_for_long_texts


def run_on_little_data(folder: Path) -> list[str]:
    """Write them into a folder; returns a `farm run` on recorded pairs, with its root beside them."""
    save_causal_lm_for_long_texts(folder / "model")
    asked = [{"instruction": f"Name thing {k}."} for k in range(48)]
    tables = {
        "demonstrations": [{**row, "output": "A duck."} for row in asked[:20]],
        "preference": [{**row, "output_1": "duck", "output_2": "otter cake", "preference": 1} for row in asked[20:40]],
        "evaluation": [{**row, "output": "bread", "generator": "reference"} for row in asked[40:]],
    }
    for name, rows in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return [
        "run", "dataset=alpaca_farm", *(f"dataset.{name}_file={folder / name}.json" for name in tables),
        "model=local", f"model.checkpoint={folder / 'model'}", "model.max_new_tokens=8", "method=feedme",
        "comparisons=recorded", f"root={folder / 'runs'}",
    ]  # fmt: skip
