"""The words beside the keys of a settings file are found wherever they stand."""

from farm.config.yaml_comments import read_comments

TEXT = """\
# @package _global_
# What it is. And more
# about it.
defaults:
  - model: pocket            # the model
  - /reward_model@member: pocket
  - _self_
_target_: farm.somewhere.Thing

# Above the key,
# on two lines.
first: 1
second: "a: b"  # on the line
training:
  epochs: 1  # passes
noise:
  - _target_: farm.somewhere.Flip
    flip_prob: 0.25      # how often
  - _target_: farm.somewhere.Other
    # Above.
    rate: 2
last: ${root}/x  # has a colon: too
"""


def test_comments_stand_on_the_line_or_above_it() -> None:
    read = read_comments(TEXT)
    assert read.summary == "What it is."
    assert read.groups["model"] == "the model"
    assert {key: comment for key, comment in read.keys.items() if comment} == {
        "first": "Above the key, on two lines.",
        "second": "on the line",
        "training.epochs": "passes",
        "noise.0.flip_prob": "how often",
        "noise.1.rate": "Above.",
        "last": "has a colon: too",
    }
