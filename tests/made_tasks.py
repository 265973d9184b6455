"""Small tasks of every kind that a small model learns."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from training_data import SENTENCES

DRAW = random.Random(11)


def meals(n_rows: int) -> list[dict[str, object]]:
    return [{"text": (text := DRAW.choice(SENTENCES)), "label": "喝" if "喝" in text else "无"} for _ in range(n_rows)]


def pairs(n_rows: int) -> list[dict[str, object]]:
    rows = []
    for _ in range(n_rows):
        one, other = DRAW.choice(SENTENCES), DRAW.choice(SENTENCES)
        rows.append({"text_a": one, "text_b": other, "score": float("喝" in one) + float("喝" in other) + 0.5})
    return rows


def places(n_rows: int) -> list[dict[str, object]]:
    rows = []
    for _ in range(n_rows):
        text = DRAW.choice(SENTENCES) + DRAW.choice(SENTENCES)
        found = [(text.find(name), name) for name in ("北京", "上海", "学校") if name in text]
        rows.append({"text": text, "entities": [{"start": at, "end": at + 2, "type": "地"} for at, _ in found]})
    return rows


def questions(n_rows: int) -> list[dict[str, object]]:
    """Who does it? The first character of the sentence."""
    rows = []
    for _ in range(n_rows):
        context = DRAW.choice(SENTENCES[3:]) + DRAW.choice(SENTENCES[:2]) + DRAW.choice(SENTENCES[3:])
        start = context.index("在", 0) + 1 if context[0] in "猫学" else context.find("在") + 1
        rows.append(
            {
                "context": context,
                "question": "在？",
                "answers": [{"text": context[start : start + 2], "answer_start": start}],
            }
        )
    return rows


def choices(n_rows: int) -> list[dict[str, object]]:
    """Which of these is about drinking? The text says nothing of it."""
    rows = []
    for _ in range(n_rows):
        offered = [DRAW.choice(SENTENCES[:2]), *DRAW.sample(SENTENCES[2:], DRAW.randint(1, 2))]
        answer = offered[0]
        DRAW.shuffle(offered)
        rows.append({"context": SENTENCES[3], "question": "喝？", "choices": offered, "answer": answer})
    return rows


def blanks(n_rows: int) -> list[dict[str, object]]:
    rows = []
    for _ in range(n_rows):
        drink = DRAW.random() < 0.5
        text = ("我在北京" if drink else "他在上海") + "#idiom1#"
        rows.append({"text": text + "。", "candidates": ["喝水", "喝茶", "吃"], "answer": "喝茶" if drink else "喝水"})
    return rows


def mistakes(n_rows: int) -> list[dict[str, object]]:
    rows = []
    for _ in range(n_rows):
        text = DRAW.choice(SENTENCES)
        wrong = text.replace("在", "再").replace("看", "坐") if DRAW.random() < 0.6 else text
        rows.append({"source": wrong, "corrected": text})
    return rows


ROWS = {
    "classification": meals, "similarity": pairs, "tagging": places, "reading": questions, "choice": choices,
    "cloze": blanks, "correction": mistakes,
}  # fmt: skip
"""Rows of each kind that a small model learns; add yours."""


def write_task(
    folder: Path, rows_of: Callable[[int], list[dict[str, object]]], n_train: int = 160, n_dev: int = 40
) -> Path:
    """Write a task of drawn rows, the same every time."""
    DRAW.seed(rows_of.__name__)
    folder.mkdir()
    for part, n_rows in (("train", n_train), ("dev", n_dev)):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows_of(n_rows)]
        (folder / f"{part}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
