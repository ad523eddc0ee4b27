"""Which files make the table at a path: one file, the shards of a split, or a folder that `datasets` has saved.

A split of the hub's layout, `data/train-00000-of-00002.parquet` and its like, is one table, called
`data/train-*-of-00002.parquet`; a path with such a star may be given wherever a file may be.
"""

import glob
import re
from pathlib import Path

from farm.bounded.json_text import read_json_file
from farm.data.files.row_problems import MAX_SHOWN
from farm.errors import UserError
from farm.wording import listed

FORMATS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow")
DELIMITED = (".csv", ".tsv")
PACKINGS = (".gz", ".zst", ".bz2", ".xz")
"""Endings of packed text, after the format's own."""
_SHARD = re.compile(r"(?P<split>.*)-(?P<number>\d{5})-of-(?P<n>\d{5})(?P<ending>\.[\w.]+)")
_SHARDS = re.compile(r".*-\*-of-(?P<n>\d{5})\.[\w.]+")
_SPLITS = ("train", "test", "validation", "valid", "val", "dev")
_STATE, _SPLIT_LIST = "state.json", "dataset_dict.json"
_ABOUT = (_STATE, _SPLIT_LIST, "dataset_info.json", "dataset_infos.json")
"""What `datasets` writes beside the rows."""


class DataError(UserError, ValueError):
    """A data file is missing or not what it should be; the message names file, row, field and what was expected."""


def format_of(path: Path) -> str:
    """The ending that says how to read the file, or the files of the folder, one of `FORMATS`.

    Raises:
        DataError: the name ends in nothing known.
    """
    ending = _ending(files_of(path)[0] if path.is_dir() else path)
    if ending is None:
        raise DataError(
            f"{path}: unknown format; expected a name ending in {', '.join(FORMATS)} (text also + "
            f"{', '.join(PACKINGS)})"
        )
    return ending


def writable_format_of(path: Path) -> str:
    """`format_of` a file that is to be written.

    Raises:
        DataError: the name ends in nothing known, or in what is only read.
    """
    kind = format_of(path)
    if kind == ".arrow":
        raise DataError(f"{path}: .arrow files are read, not written; take .parquet")
    return kind


def packing_of(path: Path) -> str | None:
    """One of `PACKINGS`, or None."""
    ending = path.suffix.lower()
    return ending if ending in PACKINGS else None


def has_table_ending(path: Path) -> bool:
    """Whether the name ends like a file whose rows can be read."""
    return _ending(path) is not None


def is_table(path: Path) -> bool:
    """Whether there is one table to read: a file, shards of one split, or a folder that `datasets` has saved."""
    return path.is_file() or bool(_matching(path)) or (path.is_dir() and _is_dataset(path, tables_below(path)))


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that hold the rows of a table, in order.

    Raises:
        DataError: there is none, or a shard is missing.
    """
    if path.is_file():
        return (path,)
    if path.is_dir():
        if (saved := _saved_files(path)) is not None:
            return _all_there(path, saved)
        tables = tables_below(path)
        if _is_dataset(path, tables):
            return tuple(file for table in tables for file in files_of(table))
        raise DataError(not_there(path))
    shards = _matching(path)
    if not shards:
        raise DataError(not_there(path))
    counted = _SHARDS.fullmatch(path.name)
    if counted and len(shards) < int(counted["n"]):
        expected = [path.with_name(path.name.replace("*", f"{k:05d}")) for k in range(int(counted["n"]))]
        return _all_there(path, expected)
    return shards


def tables_below(folder: Path) -> list[Path]:
    """Every table below a folder, by name; hidden files, and what `datasets` writes about its rows, are none."""
    if (folder / _SPLIT_LIST).is_file():
        return [folder / split for split in _listed_splits(folder)]
    if _saved_files(folder) is not None:
        return [folder]
    saved = {state.parent for state in folder.rglob(_STATE) if _saved_files(state.parent) is not None}
    tables = set(saved)
    for file in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if is_hidden or file.name in _ABOUT or not has_table_ending(file) or not file.is_file():
            continue
        if not saved.intersection(file.parents):
            tables.add(_with_its_shards(file))
    return sorted(tables)


def splits_of(path: Path) -> list[str]:
    """The names of the splits that a folder of a dataset holds; empty for everything else."""
    return [_split_name(table) or table.name for table in tables_below(path)] if path.is_dir() else []


def shard_of(path: Path) -> Path | None:
    """The whole split that a file is a shard of, as a path with a star; None for any other file."""
    whole = _with_its_shards(path)
    return whole if whole != path else None


def not_there(path: Path) -> str:
    """Says that there is no such file, and what there is instead."""
    if path.is_dir():
        return f"{path}: expected a file, this is a folder; it holds {_listing(path)}"
    if path.exists():
        return f"{path}: expected a file, this is {_special(path)}"
    if path.is_symlink():
        return f"{path}: this link leads to nothing, or back to itself"
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    return f"{path}: no such file or folder; {parent} holds {_listing(parent)}"


def _special(path: Path) -> str:
    if path.is_fifo():
        return "a named pipe"
    if path.is_socket():
        return "a socket"
    return "a device" if path.is_char_device() or path.is_block_device() else "no table"


def empty(path: Path) -> str:
    """Says that a file is empty."""
    return f"{path}: the file is empty, expected rows"


def _listing(folder: Path) -> str:
    names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in folder.iterdir())
    return listed(names, MAX_SHOWN) or "nothing"


def _ending(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKINGS:
        suffixes.pop()
        return suffixes[-1] if suffixes and suffixes[-1] in FORMATS[:-2] else None
    return suffixes[-1] if suffixes and suffixes[-1] in FORMATS else None


def _matching(path: Path) -> tuple[Path, ...]:
    """The files that a path with a star stands for."""
    if "*" not in path.name or not path.parent.is_dir():
        return ()
    pattern = "*".join(glob.escape(part) for part in path.name.split("*"))
    return tuple(sorted(file for file in path.parent.glob(pattern) if file.is_file() and has_table_ending(file)))


def _with_its_shards(file: Path) -> Path:
    shard = _SHARD.fullmatch(file.name)
    return file.with_name(f"{shard['split']}-*-of-{shard['n']}{shard['ending']}") if shard else file


def _split_name(table: Path) -> str | None:
    """What a table of a dataset is a split of: train-*-of-00002.parquet, train.jsonl, or the saved folder train."""
    name = table.name.split("-*-of-")[0].split(".")[0]
    return name if "-*-of-" in table.name or name.lower() in _SPLITS or table.is_dir() else None


def _is_dataset(folder: Path, tables: list[Path]) -> bool:
    """Whether the tables below a folder are the splits of one dataset, with the same columns by their layout."""
    if (folder / _SPLIT_LIST).is_file() or _saved_files(folder) is not None:
        return True
    names = {_split_name(table) for table in tables}
    return bool(tables) and None not in names and len(names) == len(tables) == len({t.stem for t in tables})


def _saved_files(folder: Path) -> list[Path] | None:
    """The .arrow files of a folder written by `Dataset.save_to_disk`; None for any other folder."""
    state = _object(folder / _STATE)
    files = state.get("_data_files")
    if not isinstance(files, list):
        return None
    return [folder / str(file["filename"]) for file in files if isinstance(file, dict) and "filename" in file]


def _listed_splits(folder: Path) -> list[str]:
    splits = _object(folder / _SPLIT_LIST).get("splits")
    return [str(split) for split in splits] if isinstance(splits, list) else []


def _object(path: Path) -> dict[str, object]:
    """What a JSON file about a dataset says; nothing if it is not there or damaged."""
    try:
        value = read_json_file(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _all_there(path: Path, expected: list[Path]) -> tuple[Path, ...]:
    missing = [file.name for file in expected if not file.is_file()]
    if not expected:
        raise DataError(f"{path}: its {_STATE} lists no files with rows")
    if missing:
        raise DataError(f"{path}: {len(missing)} of its {len(expected)} files are missing: {listed(missing)}")
    return tuple(expected)
