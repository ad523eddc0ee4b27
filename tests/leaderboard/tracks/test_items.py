"""A track's instructions and reference come from its dataset, its folder or its files, and each is there once."""

from pathlib import Path

import pytest

from farm.config.compose import compose_one
from farm.config.conf_dirs import choices, conf_dir_in_use
from farm.data.files.table_files import DataError
from farm.leaderboard.tracks.items import has_items, track_items
from farm.leaderboard.tracks.track import Track
from farm.options.evaluate import settings_of
from farm.records import Output
from tests.leaderboard.evaluation.recordings import write_rows

ROWS = [{"instruction": f"Ask {k}", "input": "", "output": f"Say {k}", "generator": "ref"} for k in range(4)]


def track(*words: str) -> Track:
    return compose_one("evaluate", ["annotations=somewhere", *words], settings_of).track


def asked(instruction: str, input: str = "") -> Output:
    return Output(instruction=instruction, input=input, output="", generator="")


def test_every_shipped_track_composes() -> None:
    names = ["alpaca_eval", "alpaca_eval_2", "alpaca_farm", "own", "pocket"]
    assert choices("track") == names
    assert [track(f"track={name}").name for name in names] == names


def test_the_pocket_tracks_items_are_what_runs_are_judged_on() -> None:
    pocket = track("track=pocket", "track.dataset.n_demonstrations=1", "track.dataset.n_evaluation=6")
    items = track_items(pocket)
    assert has_items(pocket) and len(items.references) == 6
    assert {output.generator for output in items.references} == {"expert"} and len(items.texts) == 6


def test_a_folder_of_ones_own_holds_alpaca_farms_instructions(tmp_path: Path) -> None:
    write_rows(tmp_path / "alpaca_farm_evaluation.json", ROWS)
    items = track_items(track("track=alpaca_farm", f"track.folder={tmp_path}"))
    assert [output.output for output in items.references] == ["Say 0", "Say 1", "Say 2", "Say 3"]
    with pytest.raises(DataError, match=r"give the folder that it lies in, track\.folder=DIR"):
        track_items(track("track=alpaca_farm"))


def test_instructions_choose_among_the_references(tmp_path: Path) -> None:
    reference = write_rows(tmp_path / "reference.json", ROWS)
    own = ["track=own", f"track.reference={reference}", "track.reference_name=somebody"]
    chosen = write_rows(tmp_path / "some.json", [{"instruction": "Ask 2"}, {"instruction": "Ask 0"}])
    items = track_items(track(*own, f"track.instructions={chosen}"))
    assert [(o.output, o.generator) for o in items.references] == [("Say 2", "somebody"), ("Say 0", "somebody")]
    strange = write_rows(tmp_path / "strange.json", [{"instruction": "Ask 2"}, {"instruction": "Ask 7"}])
    with pytest.raises(DataError, match="row 2, field `instruction`"):
        track_items(track(*own, f"track.instructions={strange}"))
    twice = write_rows(tmp_path / "twice.json", [*ROWS, ROWS[1]])
    with pytest.raises(DataError, match="rows 2 and 5, field `instruction`"):
        track_items(track("track=own", f"track.reference={twice}"))


def test_an_instruction_is_found_with_its_input_merged_into_it(tmp_path: Path) -> None:
    rows = [{"instruction": "Sum up.", "input": "A text.", "output": "x"}, {"instruction": "Sum up.", "output": "y"}]
    items = track_items(track("track=own", f"track.reference={write_rows(tmp_path / 'r.json', rows)}"))
    assert items.place_of(asked("Sum up.", "A text.")) == 0 == items.place_of(asked("Sum up.\n\nA text."))
    assert items.place_of(asked("Sum up.")) == 1
    assert items.place_of(asked("Sum it up.")) is None


def test_a_track_of_ones_own_lies_in_a_settings_folder(tmp_path: Path) -> None:
    (tmp_path / "track").mkdir()
    (tmp_path / "track" / "mine.yaml").write_text("defaults: [own, _self_]\nname: mine\nreference_name: somebody\n")
    with conf_dir_in_use(tmp_path):
        assert "mine" in choices("track")
        mine = track("track=mine")
    assert (mine.name, mine.reference_name, mine.n_labels) == ("mine", "somebody", 1)
