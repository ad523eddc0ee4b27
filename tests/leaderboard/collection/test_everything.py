"""From a root to entries and verdicts: what the runs and submissions said, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from farm.errors import UserError
from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.collection.answers import answers_of
from farm.leaderboard.collection.everything import collect
from farm.leaderboard.entries import AnswerStyle, Entry, EntryVerdict, TrackNotes
from farm.leaderboard.submissions import write_submission
from farm.leaderboard.verdict_table import verdict_table, verdicts_of
from farm.records import Instruction
from farm.store.artifacts import Artifact, Stage, Store
from tests.leaderboard.made_root import REFERENCE, add_run

BIRD, FISH = (Instruction(instruction=asked).key for asked in REFERENCE)
STYLE = AnswerStyle(length=3, n_tokens=1, n_headings=0, n_list_items=0, n_bold=0)
OUTSIDE = Entry(key="", track="pond", annotator="pool", name="outsider", origin="outputs", cost_usd=0.5, notes=("n",))
POND = TrackNotes(name="pond", title="The pond", reference="expert", compared_with=("annotator crowd",))


def submit(store: Store, *, entry: Entry = OUTSIDE) -> Artifact:
    verdicts = [
        EntryVerdict(key="", annotator="pool", instruction_key=key, score=score, n_wins=1, n_ties=0, n_losses=0,
                     n_unparsed=int(score is None), is_graded=True, style=STYLE, reference_style=None)
        for key, score in ((FISH, None), (BIRD, 0.75))
    ]  # fmt: skip
    said = Judgement(judge="j", preference=1.75, first_shown=None, reply="<b>", unparsed_reason="")
    answers = [
        EntryAnswer(key="", annotator="pool", instruction_key=BIRD, instruction="Name a bird.", input="",
                    output="Owl", reference="A duck.", is_finished=True, score=0.75, judgements=(said,)),
    ]  # fmt: skip

    def build(output_dir: Path, scratch_dir: Path) -> None:
        write_submission(output_dir, entry, POND, verdicts, answers)

    return store.get(Stage("submission", 1), component={"name": entry.name}, parents={}, seed=0, build=build)


def test_a_run_says_what_its_judges_said_of_its_texts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = add_run(store, "ppo", {"crowd": ("WWL", "T-L"), "pool": ("L", "W")})
    read = collect(Store(tmp_path, is_read_only=True))
    assert [(e.key, e.annotator, e.name, e.feedback, e.base, e.seed, e.track) for e in read.entries] == [
        (run.key, annotator, "ppo", "crowd", "tiny", 0, "pond") for annotator in ("crowd", "pool")
    ]
    # Six labels of 25 cents.
    assert [e.cost_usd for e in read.entries] == [1.5, 0.5]
    assert read.tracks["pond"].reference == "expert" and read.skipped == ()
    by_place = {(v.annotator, v.instruction_key): v for v in verdicts_of(read.verdicts)}
    assert len(by_place) == 4
    bird, fish = by_place["crowd", BIRD], by_place["crowd", FISH]
    # Wins are the model's, which is output_2: W, W, L make 2/3; a tie and a loss 1/4, the unparsed label is left out.
    assert (bird.n_wins, bird.n_ties, bird.n_losses, bird.n_unparsed, bird.score) == (2, 0, 1, 0, pytest.approx(2 / 3))
    assert (fish.n_wins, fish.n_ties, fish.n_losses, fish.n_unparsed, fish.score) == (0, 1, 1, 1, 0.25)
    assert fish.style.length == len("A carp.") and fish.style.n_list_items == 0
    # "# Fish", two items, one of them with a bold word.
    there = fish.reference_style
    assert there is not None and (there.n_headings, there.n_list_items, there.n_bold) == (1, 2, 1)
    assert not fish.is_graded


def test_a_run_shows_its_answers_with_what_was_said_of_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_run(store, "ppo", {"crowd": ("WWL", "T-L"), "pool": ("L", "W")})
    entry = collect(store).entries[0]
    bird, fish = answers_of(store, entry)
    assert (bird.instruction, bird.output, bird.reference, bird.score) == (
        "Name a bird.", "An owl.", "A duck.", pytest.approx(2 / 3),
    )  # fmt: skip
    assert [j.preference for j in bird.judgements] == [2.0, 2.0, 1.0]
    assert [(j.preference, j.reply, j.unparsed_reason) for j in fish.judgements] == [
        (1.5, "I say T", ""), (None, "I say -", "no verdict"), (1.0, "I say L", ""),
    ]  # fmt: skip


def test_a_submission_stands_beside_the_runs_under_its_artifacts_key(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_run(store, "ppo", {"pool": ("L", "W")})
    artifact = submit(store)
    read = collect(store)
    entry = next(e for e in read.entries if e.origin == "outputs")
    assert (entry.key, entry.name, entry.seed, entry.notes) == (artifact.key, "outsider", None, ("n",))
    assert read.tracks["pond"] == POND
    ours = [v for v in verdicts_of(read.verdicts) if v.key == artifact.key]
    assert {v.instruction_key: v.score for v in ours} == {BIRD: 0.75, FISH: None}
    assert all(v.style == STYLE and v.reference_style is None and v.is_graded for v in ours)
    (answer,) = answers_of(store, entry)
    assert answer.judgements[0].preference == 1.75 and answer.judgements[0].reply == "<b>"


def test_verdicts_survive_the_table(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add_run(store, "ppo", {"crowd": ("WWL", "---"), "pool": ("L", "W")})
    submit(store)
    verdicts = list(verdicts_of(collect(store).verdicts))
    assert list(verdicts_of(verdict_table(verdicts))) == verdicts
    assert np.isnan(verdict_table(verdicts)["score"]).sum() == 2


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    sound = add_run(store, "ppo", {"pool": ("L", "W")})
    broken = add_run(store, "dpo", {"pool": ("W", "W")}, answers=("A", "B"))
    damaged = submit(store)
    (outputs,) = [
        p for p in (tmp_path / "artifacts" / "outputs").iterdir() if b"dpo" in (p / "outputs.parquet").read_bytes()
    ]
    (outputs / "outputs.parquet").write_bytes(b"PAR1")
    (damaged.path / "entry.json").write_text("{")
    read = collect(Store(tmp_path, is_read_only=True))
    assert [e.key for e in read.entries] == [sound.key]
    assert len(read.skipped) == 2 and any(damaged.key in text for text in read.skipped)
    assert any(str(outputs) in text for text in read.skipped) and broken.key not in set(read.verdicts["key"])


def test_two_entries_of_one_place_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    submit(store)

    def build(output_dir: Path, scratch_dir: Path) -> None:
        write_submission(output_dir, OUTSIDE, POND, [], [])

    store.get(Stage("submission", 1), component={"again": 1}, parents={}, seed=0, build=build)
    with pytest.raises(UserError, match=r"two entries for one place.*'outsider' on track pond"):
        collect(store)
