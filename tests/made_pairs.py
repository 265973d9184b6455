"""Sentences with their translations, put together from parts: as many as there are ways to."""

from __future__ import annotations

import itertools
from pathlib import Path

WHO = {
    "我": "I",
    "他": "he",
    "老师": "the teacher",
    "学生们": "the students",
    "我的朋友": "my friend",
    "爸爸": "father",
}
WHERE = {"在北京": "in Beijing", "在图书馆": "in the library", "在家里": "at home", "在学校": "at school"}
WHAT = {
    "喝茶": "drank tea",
    "看书": "read books",
    "写信": "wrote letters",
    "学习中文": "learned Chinese",
    "唱歌": "sang",
}


def write_pairs(path: Path) -> Path:
    """Write sentences with their translations as a table of two columns."""
    parts = itertools.product(WHO.items(), WHERE.items(), WHAT.items())
    rows = [
        f"昨天{who[0]}{where[0]}{what[0]}。\tYesterday {who[1]} {what[1]} {where[1]}." for who, where, what in parts
    ]
    path.write_text("\n".join(["zh\ten", *rows, ""]), "utf-8")
    return path
