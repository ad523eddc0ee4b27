"""Errors of other libraries say what they mean for a file."""

import pytest

from farm.models.checkpoint_files.reading import reason_of


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyError("evil"), "'evil' is no name"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (AttributeError("'int' object has no attribute 'removesuffix'"), "another type than expected"),
        (ValueError("Couldn't instantiate the backend tokenizer from one of: \n(1) a file"), "no tokenizer file"),
        (OSError("the file ends after 12 bytes of 400"), "ends after 12 bytes"),
    ],
)
def test_python_s_own_words_are_not_shown(error: Exception, says: str) -> None:
    assert says in reason_of(error)
