"""Configuration errors come all at once, with the key and a suggestion."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pytest

from farm.config.objects import ConfigError, Problem, build


class Shape(Protocol):
    def area(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Square:
    side: float
    colour: Literal["red", "blue"] = "red"

    def __post_init__(self) -> None:
        if self.side < 0:
            raise ValueError(f"side: expected at least 0, got {self.side}")

    def area(self) -> float:
        return self.side**2


@dataclass(frozen=True, kw_only=True)
class Drawing:
    shapes: tuple[Shape, ...]
    epochs: int
    path: Path
    limit: int | None


SQUARE = {"_target_": f"{__name__}.Square", "side": 2}


def problems_of(node: dict[str, object]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        build(Drawing, node)
    return {problem.where: problem.message for problem in caught.value.problems}


def test_a_good_node_becomes_an_object() -> None:
    node = {"shapes": [SQUARE], "epochs": 3, "path": "a/b", "limit": None}
    assert build(Drawing, node) == Drawing(shapes=(Square(side=2.0),), epochs=3, path=Path("a/b"), limit=None)


def test_every_problem_is_reported_at_once() -> None:
    found = problems_of(
        {"shapes": [{**SQUARE, "sid": 3}, {**SQUARE, "colour": "green"}], "epochs": 1.5, "pathh": "x", "limit": "no"}
    )
    assert found.keys() == {"shapes[0].sid", "shapes[1].colour", "epochs", "pathh", "path", "limit"}
    assert "did you mean `side`?" in found["shapes[0].sid"]
    assert "did you mean `path`?" in found["pathh"]
    assert "'red' or 'blue'" in found["shapes[1].colour"]
    assert "1.5" in found["epochs"]


def test_a_value_that_the_class_refuses_is_a_problem_too() -> None:
    found = problems_of({"shapes": [{**SQUARE, "side": -1}], "epochs": 1, "path": "x", "limit": 1})
    assert found == {"shapes[0]": "side: expected at least 0, got -1.0"}


def test_text_is_no_number_and_true_is_no_number() -> None:
    found = problems_of({"shapes": [], "epochs": True, "path": "x", "limit": "3"})
    assert found.keys() == {"epochs", "limit"}


def test_a_required_value_says_so() -> None:
    assert "is required" in problems_of({"shapes": [], "epochs": "???", "path": "x", "limit": 1})["epochs"]


def test_a_wrong_target_suggests_the_right_one() -> None:
    found = problems_of({"shapes": [{"_target_": f"{__name__}.Sqare"}], "epochs": 1, "path": "x", "limit": 1})
    assert "did you mean `Square`?" in found["shapes[0]._target_"]
    found = problems_of({"shapes": ["round"], "epochs": 1, "path": "x", "limit": 1})
    assert "expected a Shape" in found["shapes[0]"]


def test_a_config_error_comes_back_from_a_worker_of_a_sweep() -> None:
    error = ConfigError([Problem("method.beta", "expected a number"), Problem("", "nothing fits")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems and str(copy) == str(error)
