"""Where things are, whatever folder a test lies in."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HUMANDATA = ROOT.parent / "shared" / "humandata"
"""Recorded human labels beside the repository; never part of it."""
CASES = HUMANDATA.parent / "cases"
"""Small made-up files in published layouts, beside the repository too."""
