"""Models as artifacts of kind "submission": one name on one track by one annotator, replaced only if that is said."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from farm.bounded.json_text import read_json_object
from farm.disk import write_whole
from farm.errors import UserError
from farm.leaderboard.evaluation.evaluated import Evaluated
from farm.leaderboard.submissions import KIND, Submission, read_submission, write_submission
from farm.store.artifacts import Artifact, Stage, Store

SUBMISSION = Stage(KIND, 1)
FINDINGS_FILE = "findings.json"
MIN_SHARED = 0.5
"""Share of the instructions that models of one table have in common at least."""


def stored_submissions(store: Store) -> list[Submission]:
    """Every readable submission under a root."""
    return [read_submission(artifact) for artifact in store.readable(KIND).artifacts]


def refuse_taken(store: Store, models: Sequence[Evaluated], there: Sequence[Submission], *, is_replacing: bool) -> None:
    """Raise UserError if a model's name is taken by other outputs or verdicts, unless it is to be replaced.

    Args:
        store: the root.
        models: of one track.
        there: the root's submissions.
        is_replacing: whether a model that stands there under the same name gives way.
    """
    keys = {_place(submission): submission.entry.key for submission in there}
    for model in models:
        key = keys.get(_place(model))
        if key is not None and not is_replacing and _content_of(store, key) != _digest(model):
            raise UserError(
                f"{model.entry.name!r} is on track {model.entry.track} already, judged by {model.entry.annotator} "
                f"(submission {key} under {store.root}), with other outputs or verdicts; give another name=NAME, or "
                "replace=true to put this one in its place. The leaderboard is as it was"
            )


def refuse_other_track(models: Sequence[Evaluated], there: Sequence[Submission]) -> None:
    """Raise UserError if models of the same track were compared with another reference, or on other instructions.

    Args:
        models: of one track and annotator.
        there: the root's submissions.
    """
    model = models[0]
    table = [s for s in there if (s.entry.track, s.entry.annotator) == (model.entry.track, model.entry.annotator)]
    for other in table:
        if other.track.reference and model.track.reference and other.track.reference != model.track.reference:
            raise UserError(
                f"{model.entry.name!r} was compared with {model.track.reference}, and {other.entry.name!r} on track "
                f"{model.entry.track} with {other.track.reference}: one table has one reference; give another "
                "track.name=NAME. The leaderboard is as it was"
            )
    shared = {verdict.instruction_key for verdict in model.verdicts}
    asked = {key for other in table for key in other.verdicts["instruction_key"]}
    if asked and len(shared & asked) < MIN_SHARED * min(len(shared), len(asked)):
        raise UserError(
            f"{model.entry.name!r} answers {len(shared):,} instructions, of which the models on track "
            f"{model.entry.track} answer {len(shared & asked):,}: these are other instructions; give the track another "
            "name, track.name=NAME. The leaderboard is as it was"
        )


def store_all(store: Store, models: Sequence[Evaluated], there: Sequence[Submission]) -> list[Artifact]:
    """Make each model an artifact, in place of those that stand there under the same name.

    One that is there already, with the same verdicts, stays as it is. A kill leaves the old ones or the new ones; the
    same command goes on from there.
    """
    made = []
    for model in models:
        artifact = _stored(store, model, _digest(model))
        made.append(artifact)
        for old in there:
            if _place(old) == _place(model) and old.entry.key != artifact.key:
                _remove(store, old.entry.key)
    return made


def _stored(store: Store, model: Evaluated, content: str) -> Artifact:
    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        write_submission(output_dir, model.entry, model.track, model.verdicts, model.answers)
        findings = [asdict(finding) for finding in model.findings]
        write_whole(output_dir / FINDINGS_FILE, json.dumps(findings, sort_keys=True, indent=1) + "\n")

    return store.get(SUBMISSION, component={"content": content}, parents={}, seed=0, build=build)


def _place(model: Evaluated | Submission) -> tuple[str, str, str]:
    return model.entry.track, model.entry.annotator, model.entry.name


def _content_of(store: Store, key: str) -> object:
    component = read_json_object(_folder(store, key) / "manifest.json").get("component")
    return component.get("content") if isinstance(component, dict) else None


def _digest(model: Evaluated) -> str:
    """Of the model, its outputs and verdicts; not of the order of rows, nor of what the checks say, which may
    depend on other models."""
    digest = hashlib.sha256(json.dumps(_place(model)).encode())
    pairs = sorted(zip(model.verdicts, model.answers, strict=True), key=lambda pair: pair[0].instruction_key)
    for verdict, answer in pairs:
        said = [list(vars(judgement).values()) for judgement in answer.judgements]
        counts = [verdict.score, verdict.n_wins, verdict.n_ties, verdict.n_losses, verdict.n_unparsed]
        texts = [verdict.instruction_key, answer.output, answer.reference, answer.is_finished]
        digest.update(json.dumps([texts, counts, said]).encode() + b"\n")
    return digest.hexdigest()


def _remove(store: Store, key: str) -> None:
    """Take a submission out of the root: at once by its name, then its files."""
    path = _folder(store, key)
    gone = path.with_name(f".{key}.replaced.{os.getpid()}")
    path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _folder(store: Store, key: str) -> Path:
    return store.root / "artifacts" / KIND / key
