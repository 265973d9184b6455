"""The path of transformers 4 to whole-word masks of Chinese, as lean as it goes: the peer of whole commands.

python collator_path.py TEXT VOCABULARY OUTPUT, with a Python that has transformers 4 and jieba

A line is a row, as in its examples: words by jieba, tokens by BertTokenizerFast, the places of tokens inside words for
``chinese_ref``, masks by DataCollatorForWholeWordMask in batches of 32, arrays of numpy to a file. Rows are cut at 128
tokens. torch is not imported, nor is anything kept between lines.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    from transformers import BertTokenizerFast, DataCollatorForWholeWordMask
    from transformers.utils import logging

jieba.setLogLevel("ERROR")
logging.set_verbosity_error()
LENGTH, BATCH, AT_ONCE = 128, 32, 1000


def rows(lines: list[str], tokenizer: BertTokenizerFast) -> Iterator[dict[str, list[int]]]:
    """Yield the rows of ``lines`` with the places of the tokens that go on with a word."""
    for first in range(0, len(lines), AT_ONCE):
        part = lines[first : first + AT_ONCE]
        made = tokenizer(part, truncation=True, max_length=LENGTH, return_offsets_mapping=True)
        for line, ids, places in zip(part, made["input_ids"], made["offset_mapping"], strict=True):
            number_of = [number for number, word in enumerate(jieba.cut(line)) for _ in word]
            inner, last = [], -1
            for place, (start, stop) in enumerate(places):
                if stop > start:
                    if number_of[start] == last:
                        inner.append(place)
                    last = number_of[start]
            yield {"input_ids": ids, "chinese_ref": inner}


def main(text: str, vocabulary: str, output: str) -> None:
    tokenizer = BertTokenizerFast.from_pretrained(vocabulary)
    collator = DataCollatorForWholeWordMask(tokenizer=tokenizer, mlm_probability=0.15, return_tensors="np")
    with open(text, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line]
    batch = []
    with open(output, "wb") as file:
        for row in rows(lines, tokenizer):
            batch.append(row)
            if len(batch) == BATCH:
                for array in collator(batch).values():
                    np.save(file, array)
                batch = []
        if batch:
            np.save(file, collator(batch)["input_ids"])


if __name__ == "__main__":
    main(*sys.argv[1:])
