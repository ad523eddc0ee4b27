import warnings

import pytest

from farm.commands.shell.messages import show_messages


def test_a_warning_comes_without_its_place_in_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    with warnings.catch_warnings():
        show_messages(is_verbose=False)
        assert warnings.formatwarning("odd", UserWarning, "/there/file.py", 3) == "warning: odd\n"
