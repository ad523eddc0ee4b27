"""What is vendored is what its notice says: version, hash and licence of each file."""

import hashlib
import re

from farm.leaderboard.site.environment import FOLDER

VENDOR = FOLDER / "vendor"


def test_every_vendored_file_has_its_hash_in_the_notice() -> None:
    notice = (VENDOR / "THIRD_PARTY_NOTICES.txt").read_text("utf-8")
    files = [path for path in VENDOR.rglob("*") if path.is_file() and path.name != "THIRD_PARTY_NOTICES.txt"]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert len(files) >= 2
    assert hashes == set(re.findall(r"\b[0-9a-f]{64}\b", notice))
    for path in files:
        if path.suffix == ".js":
            assert path.relative_to(VENDOR).as_posix() in notice
            (version,) = re.findall(r"DataTables (\d+\.\d+\.\d+),", notice)
            assert f"DataTables {version}" in path.read_text("utf-8")[:100]
