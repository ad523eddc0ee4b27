import json
from pathlib import Path

import torch

from farm.store.artifacts import Stage, Store
from farm.store.machine import this_machine


def test_it_says_how_many_threads_share_a_sum() -> None:
    torch.set_num_threads(2)
    two = this_machine()
    torch.set_num_threads(1)
    assert (two["threads"], this_machine()["threads"]) == (2, 1)
    assert two["processor"] and two["instructions"] == torch.backends.cpu.get_cpu_capability()


def test_manifests_record_it_and_keys_do_not_depend_on_it(tmp_path: Path) -> None:
    keys = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        made = Store(tmp_path / str(threads)).get(
            Stage("thing", 1), component={}, parents={}, seed=0, build=lambda out, _: (out / "a").touch()
        )
        assert json.loads(made.file("manifest.json").read_text())["machine"]["threads"] == threads
        keys.append(made.key)
    assert keys[0] == keys[1]
