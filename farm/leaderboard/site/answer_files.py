"""Texts of answers as files of about 200 kB each, which a page loads when somebody opens an answer.

A page opened from disk may fetch nothing, but may add a script from beside it: each file calls `farmData` with its name
and one JSON value. Instructions and references are written once per ranking, whoever answered them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.plain_text import visible

CHUNK_CHARACTERS = 200_000
"""Of one file; a longer text has a file of its own."""
PREVIEW_CHARACTERS = 200
"""Of an instruction in lists, and so what can be searched."""
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
LOST, TIED, WON, UNPARSED = range(4)
"""How an answer fared; in the files, with the three signs below added."""
DISAGREED, HAS_UNPARSED, CUT_OFF = 4, 8, 16


@dataclass(frozen=True, kw_only=True)
class EntryTexts:
    """An entry whose answers can be read."""

    name: str
    """Of its files."""
    n_answers: int


class _Chunks:
    """Values collected into files PREFIX-0.js, PREFIX-1.js, ..."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder
        self._prefix = prefix
        self._texts: list[str] = []
        self._size = 0
        self.n_files = 0

    def add(self, value: object) -> tuple[int, int]:
        """File and place within it."""
        text = _json(value)
        if self._texts and self._size + len(text) > CHUNK_CHARACTERS:
            self.close()
        self._texts.append(text)
        self._size += len(text)
        return self.n_files, len(self._texts) - 1

    def close(self) -> None:
        if self._texts:
            _write(self._folder, f"{self._prefix}-{self.n_files}", f"[{','.join(self._texts)}]")
            self._texts, self._size, self.n_files = [], 0, self.n_files + 1


@dataclass
class TableTexts:
    """The texts of one ranking, written as they come."""

    folder: Path
    """Its own."""
    _items: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    _questions: dict[str, int] = field(default_factory=dict)
    _previews: list[str] = field(default_factory=list)
    _chunks: _Chunks = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self._chunks = _Chunks(self.folder, "items")

    def add_entry(self, name: str, answers: Iterable[EntryAnswer]) -> EntryTexts | None:
        """Write one entry's answers; None if there are none."""
        chunks = _Chunks(self.folder, name)
        rows = []
        for answer in answers:
            item = self._item(answer)
            value = [_text(answer.output), [_judgement(judgement) for judgement in answer.judgements]]
            rows.append([item, code_of(answer), *chunks.add(value)])
        chunks.close()
        if rows:
            _write(self.folder, name, _json(rows))
        return EntryTexts(name=name, n_answers=len(rows)) if rows else None

    def close(self) -> None:
        """Write what the entries share."""
        self._chunks.close()
        _write(self.folder, "items", f"[{','.join(self._previews)}]")

    def _item(self, answer: EntryAnswer) -> int:
        key = answer.instruction_key, answer.instruction, answer.input, answer.reference
        if key not in self._items:
            self._items[key] = len(self._items)
            question = self._questions.setdefault(answer.instruction_key, len(self._questions))
            place = self._chunks.add([_text(text) for text in key[1:]])
            preview = " ".join(_text(answer.instruction or answer.input)[: 2 * PREVIEW_CHARACTERS].split())
            self._previews.append(_json([question, *place, preview[:PREVIEW_CHARACTERS]]))
        return self._items[key]


def code_of(answer: EntryAnswer) -> int:
    """How an answer fared, with the signs that lists are filtered by."""
    sides = {_side(j.preference) for j in answer.judgements if j.preference is not None}
    outcome = UNPARSED if answer.score is None else (WON, TIED, LOST)[1 - _side(1 + answer.score)]
    signs: Mapping[int, bool] = {
        DISAGREED: len(sides) > 1,
        HAS_UNPARSED: answer.score is None or any(j.preference is None for j in answer.judgements),
        CUT_OFF: not answer.is_finished,
    }
    return outcome + sum(sign for sign, holds in signs.items() if holds)


def _side(preference: float) -> int:
    """1: for the answer; -1: for the reference; 0: neither."""
    return (preference > 1.5) - (preference < 1.5)


def _judgement(judgement: Judgement) -> list[object]:
    j = judgement
    return [_text(j.judge), j.preference, j.first_shown, _text(j.reply), _text(j.unparsed_reason)]


def _text(text: str) -> str:
    return visible(text.replace("\t", "    "))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def _write(folder: Path, name: str, value: str) -> None:
    """Into a folder that takes its place as a whole."""
    (folder / f"{name}.js").write_text(f'farmData("{name}",{value});\n', "utf-8")
