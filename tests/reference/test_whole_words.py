"""Whole words of Chinese in transformers 5: its collator takes a line without spaces for one word; ours does not."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.collate import MaskingCollator
from zhprep.vocab import load

transformers = pytest.importorskip("transformers")
pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(int(transformers.__version__.split(".")[0]) < 5, reason="transformers 4 has another collator"),
]

WORDS = ["今天", "天气", "很", "好", "我们", "一起", "去", "公园", "喝", "茶", "吧"]
N_ROWS = 400


@pytest.mark.filterwarnings("ignore:Random token replacement is not supported")
def test_transformers_5_masks_a_line_of_chinese_whole_or_not_at_all(vocab):
    tokenizer = transformers.BertTokenizerFast.from_pretrained(vocab)
    line = tokenizer("".join(WORDS), return_offsets_mapping=True, return_special_tokens_mask=True)
    collator = transformers.DataCollatorForLanguageModeling(tokenizer, whole_word_mask=True, seed=0)
    n_tokens = len(line["input_ids"]) - 2
    masked = (collator([dict(line) for _ in range(N_ROWS)])["labels"] != -100).sum(1)
    assert set(masked.tolist()) == {
        0,
        n_tokens,
    }  # should this fail, transformers knows Chinese words: say so in the docs
    assert 0.75 < (masked == 0).float().mean() < 0.95


def test_ours_masks_each_line_by_its_words(vocab):
    vocabulary = load(vocab)
    ids = [vocabulary.cls, *(vocabulary.ids[character] for word in WORDS for character in word), vocabulary.sep]
    word_ids = [-1, *(number for number, word in enumerate(WORDS) for _ in word), -1]
    rows = [{"input_ids": ids, "word_ids": word_ids, "instance_id": number} for number in range(N_ROWS)]
    masked = (MaskingCollator(vocab)(rows)["labels"] != -100).numpy()
    assert set(masked.sum(1).tolist()) == {round(len(ids) * 0.15)}
    shares = np.stack([masked[:, np.array(word_ids) == number].mean(1) for number in range(len(WORDS))])
    assert set(shares.ravel().tolist()) == {0.0, 1.0}  # each word whole or not at all
    assert (shares.mean(1) > 0).all()  # and each of them in some rows
