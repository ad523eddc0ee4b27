"""JSON and YAML are read in one place, so that what is learnt about hostile text holds everywhere."""

import re

from tests.paths import ROOT

READERS = re.compile(
    r"\bjson\.loads?\(|\.raw_decode\(|\byaml\.(?:safe_|full_|unsafe_)?load(?:_all)?\(|\b(?:json|yaml) import .*load"
)
ALLOWED = {
    "farm/models/chat_templates/worker.py",  # what its parent sends; it imports as little as it can
}


def test_json_and_yaml_are_read_within_bounds_everywhere() -> None:
    files = [file for file in (ROOT / "farm").rglob("*.py") if (ROOT / "farm" / "bounded") not in file.parents]
    assert len(files) > 300
    reading = {str(file.relative_to(ROOT)) for file in files if READERS.search(file.read_text())}
    assert reading <= ALLOWED
