"""Opening text whatever it is packed in and encoded with."""

import bz2
import gzip
import io
import json
import lzma
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TextIO, cast

import pyarrow as pa

from farm.data.files.table_files import DataError, not_there, packing_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What damaged files raise."""
MAX_RATIO = 200
"""Packed text grows to so many times its size at most, once it is above UNPACKED_FLOOR; texts grow 3 to 30 times."""
UNPACKED_FLOOR = 2**26
_BUFFER_BYTES = 2**18
_HEAD = 4
"""Bytes that tell an encoding."""


def open_text(path: Path) -> TextIO:
    """A text file, unpacked, in UTF-8, UTF-16 or UTF-32 with or without byte order mark; line ends as they stand.

    Raises:
        OSError: it cannot be opened; reading raises one of `READ_ERRORS`, or UnicodeDecodeError.
    """
    with open_binary(path, "rb") as stream:
        encoding = json.detect_encoding(stream.read(_HEAD))
    # Two halves of different emojis are no error of the file: `Cells` replaces them.
    errors = "strict" if encoding.startswith("utf-8") else "surrogatepass"
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(open_binary(path, "rb"), encoding=encoding, errors=errors, newline="")


def open_binary(path: Path, mode: Literal["rb", "wb"], *, packing: str | None = None) -> BinaryIO:
    """A file whose contents are packed as its name says.

    Args:
        path: the file.
        mode: to read or to write.
        packing: one of `PACKINGS`, where the name does not say it.
    """
    kind = packing or packing_of(path)
    stream = _opened(path, mode, kind)
    if mode == "wb" or kind is None:
        return stream
    return cast("BinaryIO", io.BufferedReader(_Unpacked(stream, path.stat().st_size), _BUFFER_BYTES))


class _Unpacked(io.RawIOBase):
    """A packed file as it is unpacked, which ends where it grows beyond all measure: 4 MB can become 4 GB."""

    def __init__(self, stream: BinaryIO, n_packed: int) -> None:
        self._stream, self._n_packed, self._n_unpacked = stream, n_packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        piece = self._stream.read(len(view))
        view[: len(piece)] = piece
        self._n_unpacked += len(piece)
        if self._n_unpacked > max(UNPACKED_FLOOR, MAX_RATIO * self._n_packed):
            raise OSError(
                f"it unpacks to more than {MAX_RATIO} times its {self._n_packed:,} bytes, as no text does; unpack it "
                "first if it is meant so"
            )
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _opened(path: Path, mode: Literal["rb", "wb"], kind: str | None) -> BinaryIO:
    if kind == ".gz":
        return cast("BinaryIO", gzip.open(path, mode))
    if kind == ".bz2":
        return cast("BinaryIO", bz2.open(path, mode))
    if kind == ".xz":
        return cast("BinaryIO", lzma.open(path, mode))
    if kind == ".zst":
        packed = pa.OSFile(str(path), mode)
        stream = pa.CompressedInputStream if mode == "rb" else pa.CompressedOutputStream
        return cast("BinaryIO", stream(packed, "zstd"))
    return path.open(mode)


def read_bytes(path: Path) -> bytes:
    """A file's contents, unpacked.

    Raises:
        DataError: the file is missing or damaged.
    """
    if not path.is_file():
        raise DataError(not_there(path))
    try:
        with open_binary(path, "rb") as stream:
            return stream.read()
    except READ_ERRORS as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
