from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from training_data import CHARACTERS, IDS

from zhprep.evaluate.encode import encode_examples, fit
from zhprep.evaluate.sounds import pinyin_reader
from zhprep.evaluate.tasks import Examples
from zhprep.pinyin.syllables import names
from zhprep.vocab import Encoder, load

texts = st.lists(st.text(st.sampled_from([*CHARACTERS, "龘", " "]), max_size=12), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def encoder(data):
    return Encoder(load(data / "vocab"))


def examples(*columns: list[str]) -> Examples:
    return Examples(columns, np.arange(len(columns[0])))


def row(rows, name: str, number: int) -> list[int]:
    column = rows.lists[name]
    return column.values[column.offsets[number] : column.offsets[number + 1]].tolist()


@given(first=texts, second=texts)
def test_rows_are_laid_out_as_the_tokenizer_has_them(encoder, data, first, second):
    n_rows = min(len(first), len(second))
    tokenizer = Tokenizer.from_file(str(data / "vocab" / "tokenizer.json"))
    rows = encode_examples(examples(first[:n_rows], second[:n_rows]), encoder, 512)
    cls, sep = IDS["[CLS]"], IDS["[SEP]"]
    for number, (one, two) in enumerate(zip(first, second, strict=False)):
        a, b = (tokenizer.encode(text, add_special_tokens=False).ids for text in (one, two))
        assert row(rows, "input_ids", number) == [cls, *a, sep, *b, sep]
        assert row(rows, "token_type_ids", number) == [0] * (len(a) + 2) + [1] * (len(b) + 1)


def test_single_texts_are_cut_at_their_end(encoder):
    rows = encode_examples(examples(["我在北京喝茶", "猫", ""]), encoder, 5)
    found = [row(rows, "input_ids", number) for number in range(3)]
    assert found == [[2, IDS["我"], IDS["在"], IDS["北"], 3], [2, IDS["猫"], 3], [2, 3]]
    assert rows.plain["label"].tolist() == [0, 1, 2]
    assert not rows.lists["token_type_ids"].values.any()


@given(first=st.integers(0, 40), second=st.integers(0, 40), most=st.integers(5, 40))
def test_the_longer_text_gives_up_tokens_one_by_one(first, second, most):
    """The slow way: take one from the longer until they fit; of equal ones the second gives."""
    one, two = first, second
    while one + two > most:
        if one > two:
            one -= 1
        else:
            two -= 1
    kept = fit([np.array([first]), np.array([second])], most)
    assert [int(length[0]) for length in kept] == [one, two]


def test_texts_are_read_aloud_where_a_model_needs_it(vocab):
    encoder = Encoder(load(vocab))
    pairs = examples(["他去银行取钱", "abc好", ""], ["行走，OK", "", "银行"])
    rows = encode_examples(pairs, encoder, 12, {"pinyin_ids": pinyin_reader()})
    heard = [[names()[sound] for sound in row(rows, "pinyin_ids", number)] for number in range(3)]
    read = [[encoder.vocabulary.tokens[token] for token in row(rows, "input_ids", number)] for number in range(3)]
    sounds = [list(zip(*pair, strict=True)) for pair in zip(read, heard, strict=True)]
    assert sounds[0][3:7] == [("银", "yin2"), ("行", "hang2"), ("取", "qu3"), ("[SEP]", "")]  # 钱 is cut off
    assert sounds[0][7:10] == [("行", "xing2"), ("走", "zou3"), ("，", "")]
    assert [sound for _, sound in sounds[1] if sound] == ["hao3"]
    assert sounds[2] == [("[CLS]", ""), ("[SEP]", ""), ("银", "yin2"), ("行", "hang2"), ("[SEP]", "")]
