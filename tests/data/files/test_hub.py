from pathlib import Path

import pytest

from farm.data.files.hub import HubReference, hub_reference, on_this_machine
from farm.data.files.rows import DataError


def test_a_path_stays_a_path(tmp_path: Path) -> None:
    assert on_this_machine(tmp_path) == tmp_path
    assert hub_reference(Path("data/hub/labels.csv")) is None


def test_references_are_taken_apart() -> None:
    assert hub_reference(Path("hub:owner/votes@0a1b2c")) == HubReference("owner/votes", "0a1b2c", None)
    with_file = hub_reference(Path("hub:owner/votes.v2@0a1b2c:data/human.parquet"))
    assert with_file == HubReference("owner/votes.v2", "0a1b2c", "data/human.parquet")


@pytest.mark.parametrize("text", ["hub:owner/votes", "hub:votes@0a1b2c", "hub:owner/votes@"])
def test_an_incomplete_reference_says_what_is_missing(text: str) -> None:
    with pytest.raises(DataError, match="expected hub:<owner>/<name>@<commit>"):
        hub_reference(Path(text))


def test_a_downloaded_copy_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    def download(repository: str, file: str, *, repo_type: str, revision: str) -> str:
        asked.append((repository, file, revision))
        assert repo_type == "dataset"
        return str(tmp_path / file)

    monkeypatch.setattr("farm.data.files.hub.hf_hub_download", download)
    assert on_this_machine(Path("hub:owner/votes@0a1b:human.csv")) == tmp_path / "human.csv"
    assert asked == [("owner/votes", "human.csv", "0a1b")]


def test_a_hub_that_does_not_answer_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_: object, **__: object) -> str:
        raise OSError("no connection")

    monkeypatch.setattr("farm.data.files.hub.snapshot_download", download)
    with pytest.raises(DataError, match="owner/votes@0a1b: cannot get it from the hub: no connection"):
        on_this_machine(Path("hub:owner/votes@0a1b"))
