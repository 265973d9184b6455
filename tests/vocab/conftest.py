"""A small WordPiece vocabulary in the manner of bert-base-chinese."""

from __future__ import annotations

from pathlib import Path

import pytest

GOOGLE = [
    "[PAD]", *(f"[unused{number}]" for number in range(1, 10)), "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<S>", "<T>",
    "\u2028", "!", ",", ".", "的", "一", "是", "人", "中", "国", "，", "。", "a", "##a", "e", "##e", "b", "##b", "abe",
    "##的", "##\u2028", "か", "##か", "ハ", "##ハ",
]  # fmt: skip


@pytest.fixture
def google(tmp_path: Path) -> Path:
    """A folder with nothing but vocab.txt, some of whose entries are line separators to others."""
    folder = tmp_path / "google"
    folder.mkdir()
    (folder / "vocab.txt").write_bytes("".join(f"{token}\n" for token in GOOGLE).encode())
    return folder
