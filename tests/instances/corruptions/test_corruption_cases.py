"""The golden cases in ``tests/cases/instances/corruptions.tsv``: what stands there is what users' data have.

A row has the corruption, the mask strategy (words or characters), source and target. Another result for the same seed is
another data set: it must not come about by chance.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions import marks_of, sentinels_of
from zhprep.vocab import Vocabulary

SEGMENTED = "使用 语言 模型 来 预测 下 一个 词 的 概率 。 今天 天气 很 好 ！ “ 去 公园 吧 。 ” 他 说 。"
WORDS = SEGMENTED.split()
TEXT = "".join(WORDS)
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SLOTS = [f"[unused{number}]" for number in range(1, 31)]
VOCABULARY = Vocabulary("wordpiece", [*SPECIALS, *SLOTS, *sorted(set(TEXT))], "{}")
CASES = (Path(__file__).parents[2] / "cases" / "instances" / "corruptions.tsv").read_text("utf-8").splitlines()


def corrupted(names, mask):
    facts = TokenFacts(4, np.arange(35, VOCABULARY.size), None, None, marks_of(VOCABULARY), sentinels_of(VOCABULARY))
    ids = np.array([2, *(VOCABULARY.ids[character] for character in TEXT), 3])
    word_ids = np.array([-1, *np.repeat(np.arange(len(WORDS)), [*map(len, WORDS)]), -1])
    flat = Flat(ids, word_ids, np.array([0, len(ids)]), np.array([5]))
    config = InstancesConfig(corruption=tuple(names.split(",")), mask=mask, mask_prob=0.3, seed=2, max_length=64)
    text = corrupt_batch(flat, config, facts)
    return [" ".join(VOCABULARY.tokens[id_] for id_ in side.tolist()) for side in (text.input_ids, text.labels)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.split("\t")[:2]))
def test_case(case):
    names, mask, source, target = case.split("\t")
    assert corrupted(names, mask) == [source, target]
