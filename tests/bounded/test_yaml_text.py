"""YAML from outside."""

import time

import pytest
import yaml

from farm.bounded.yaml_text import UnreadableYamlError, read_yaml

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
MERGES = "b0: &b0 {x: 1}\n" + "".join(f"b{i}: &b{i} {{<<: [{','.join([f'*b{i - 1}'] * 9)}]}}\n" for i in range(1, 10))


def test_plain_yaml_is_read_with_its_anchors() -> None:
    text = "base: &base {t: 0.7, stop: [a, b]}\none: {<<: *base, t: 1}\ntwo: *base\nlong: |\n  " + "1" * 2000 + "x\n"
    assert read_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases written out"),
        (MERGES, "aliases written out"),
        ("ev: &x\n  prompt: *x\n", "stands within what it stands for"),
        ("ev: " + "[" * 20_000, "stand in one another"),
        ("ev: " + "{a: " * 20_000, "stand in one another"),
        ("- " * 20_000, "stand in one another"),
        ("n: " + "9" * 5000, "a number of 5,000 characters"),
        ("n: 1" + ":00" * 100_000, "a number of 300,001 characters"),
        ("n: !!timestamp x", "not what it is said to be"),
        ("n: !!bool x", "not what it is said to be"),
        ("n: !!int ''", "not what it is said to be"),
        ("n: !!float x", "not what it is said to be"),
        ("n: 2020-99-99", "not what it is said to be"),
        ("n: !!binary é", "no YAML"),
        ("n: *nobody", "no YAML"),
        ("? [a]\n: b", "no YAML"),
        ("n: \0", "no YAML"),
        ("n: !!python/object/apply:os.system [ls]", "no YAML"),
        ("x" * 2_000_000, "longer than"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(text: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableYamlError, match=reason):
        read_yaml(text)
    assert time.process_time() - start < 5
