"""Where sentences end, and which entries stand for spans."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from zhprep.instances import Flat, InstancesConfig, TokenFacts, corrupt_batch
from zhprep.instances.corruptions import marks_of, sentinels_of
from zhprep.instances.corruptions.token_ids import CLOSER, OTHER, STOP, STOPPED
from zhprep.vocab import Vocabulary
from zhprep.vocab.bytemap import token_of

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def vocabulary_of(*tokens, kind="wordpiece"):
    return Vocabulary(kind, [*SPECIALS, *tokens], "{}")


CASES = [
    ("。", STOP), ("！", STOP), ("？", STOP), ("；", STOP), ("…", STOP), ("……", STOP), ("?!", STOP), ("。”", STOP),
    ("”", CLOSER), ("」", CLOSER), ("）", CLOSER), ("’”", CLOSER), ("##。", STOP), ("▁。", STOP), ("走了。", STOPPED),
    ("他说：“好。”", STOPPED), ("，", OTHER), ("“", OTHER), (".", OTHER), ('"', OTHER), ("：", OTHER), ("[unused1]", OTHER),
    ("的", OTHER), ("##s", OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("token", "code"), CASES)
def test_what_ends_a_sentence(token, code):
    assert marks_of(vocabulary_of(token)).tolist() == [OTHER] * 5 + [code]


def test_byte_level_entries_are_read_as_text():
    tokens = [token_of(text.encode()) for text in ("。", "”", "了。", "的")] + [token_of("。".encode()[:2])]
    assert marks_of(vocabulary_of(*tokens, kind="bbpe"))[5:].tolist() == [STOP, CLOSER, STOPPED, OTHER, OTHER]


@pytest.mark.parametrize(
    "sentences",
    [
        ["今天天气很好！", "“去公园吧。”", "他说。"],
        ["等等……", "（真的？！）", "是；", "不是"],
        ["“一。二", "。”", "”三。"],
        ["。", "。”"],
    ],
)
def test_sentences_move_as_wholes(sentences):
    """What follows a stop and its closing marks is another sentence, also where marks stand oddly."""
    expected = {
        ("“一。二", "。”", "”三。"): ["“一。", "二。””", "三。"],
        ("。", "。”"): ["。。”"],
    }.get(tuple(sentences), sentences)
    text = "".join(sentences)
    vocabulary = vocabulary_of(*sorted(set(text)))
    facts = TokenFacts(4, np.arange(5, 9), marks=marks_of(vocabulary))
    ids = np.array([2, *(vocabulary.ids[character] for character in text), 3])
    word_ids = np.array([-1, *range(len(text)), -1])
    flat = Flat(np.tile(ids, 200), np.tile(word_ids, 200), np.arange(201) * len(ids), np.arange(200))
    found = corrupt_batch(flat, InstancesConfig(corruption=("permute",)), facts).input_ids.reshape(200, -1)
    orders = {"".join(vocabulary.tokens[id_] for id_ in row[1:-1]) for row in found.tolist()}
    assert orders == {"".join(order) for order in permutations(expected)}


def test_sentinels_are_t5s_own_or_free_slots_from_the_top():
    both = vocabulary_of("[unused1]", "的", "<extra_id_1>", "<extra_id_0>", "[unused2]")
    assert [both.tokens[id_] for id_ in sentinels_of(both)] == ["<extra_id_0>", "<extra_id_1>"]
    free = vocabulary_of("[unused2]", "的", "[unused10]", "[unused1]", "<unused3>")
    assert [free.tokens[id_] for id_ in sentinels_of(free)] == ["[unused10]", "<unused3>", "[unused2]", "[unused1]"]
    assert sentinels_of(vocabulary_of("的")).tolist() == []
