"""Builds the bars of a data folder, and may be killed at any moment: ``build_worker.py <data folder> [day …]``."""

import sys
from datetime import date
from pathlib import Path

import marts

from warehouse.transform import build

if __name__ == "__main__":
    days = [date.fromisoformat(day) for day in sys.argv[2:]]
    build(marts.start(Path(sys.argv[1])), days=days or None, select=["tag:bars", "staging"])
