"""What scripts for Chinese whole-word masking do, with the quickest parts that there are: the peer of a short run.

python plain_path.py TEXT VOCAB OUTPUT

A line at a time: words by jieba, tokens by the library's Rust tokenizer, words found again in the tokens by
their places, instances cut at 128 tokens, masks drawn in a loop, JSON lines out. Real scripts also import torch
or TensorFlow (1.7 and 3.2 seconds) and make pairs of sentences.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from collections.abc import Iterator

from tokenizers import BertWordPieceTokenizer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba

jieba.setLogLevel("ERROR")
LENGTH, RATE, CLS, SEP, MASK = 126, 0.15, 2, 3, 4


def words_of(line: str) -> Iterator[int]:
    """Yield, for each character, the number of its word."""
    for number, word in enumerate(jieba.cut(line)):
        yield from [number] * len(word)


def tokens(lines: list[str], vocabulary: str) -> Iterator[tuple[int, bool]]:
    """Yield every token and whether it begins a word."""
    tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True, strip_accents=False)
    for line, encoding in zip(lines, tokenizer.encode_batch(lines, add_special_tokens=False), strict=True):
        numbers, last = list(words_of(line)), -1
        for token, (start, _) in zip(encoding.ids, encoding.offsets, strict=True):
            yield token, numbers[start] != last
            last = numbers[start]


def masked(ids: list[int], starts: list[bool], size: int) -> dict[str, list[int]]:
    """Mask whole words, at most the budget."""
    words: list[list[int]] = []
    for position, first in enumerate(starts):
        if first or not words:
            words.append([])
        words[-1].append(position)
    random.shuffle(words)
    budget, positions = max(1, round(len(ids) * RATE)), []
    for word in words:
        if len(positions) + len(word) <= budget:
            positions += word
    labels = [ids[position] for position in sorted(positions)]
    for position in positions:
        draw = random.random()
        ids[position] = MASK if draw < 0.8 else ids[position] if draw < 0.9 else random.randrange(5, size)
    return {"input_ids": [CLS, *ids, SEP], "positions": sorted(positions), "labels": labels}


def main(text: str, vocabulary: str, output: str) -> None:
    random.seed(0)
    with open(text, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line]
    with open(vocabulary, encoding="utf-8") as file:
        size = sum(1 for _ in file)
    found = list(tokens(lines, vocabulary))
    with open(output, "w", encoding="utf-8") as file:
        for start in range(0, len(found), LENGTH):
            ids, starts = zip(*found[start : start + LENGTH], strict=True)
            file.write(json.dumps(masked(list(ids), list(starts), size)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
