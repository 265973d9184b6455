"""Entities: found as whole words, longest first, joined to one unit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_words import words_batch

from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances
from zhprep.instances.layout import read_entities
from zhprep.instances.layout.align import CharacterWords
from zhprep.instances.layout.entities import Entities, inner_words


def inner(sentences, names):
    """The words that were joined to those before them, per sentence."""
    ends = pa.array([np.cumsum([len(word) for word in words]).tolist() for words in sentences], pa.list_(pa.int32()))
    text = pa.array(["".join(words) for words in sentences])
    found = inner_words(Entities(names).runs(CharacterWords.of(ends), text, Account())).tolist()
    flat = [word for words in sentences for word in words]
    return [flat[number] for number in found]


def test_the_words_of_an_entity_are_joined():
    assert inner([["我", "在", "北京", "大学", "读书"]], ["北京大学"]) == ["大学"]


def test_the_longest_entity_counts():
    assert inner([["中华", "人民", "共和国", "万岁"]], ["中华人民", "中华人民共和国", "共和国万岁"]) == [
        "人民",
        "共和国",
    ]


def test_an_entity_must_be_whole_words():
    assert inner([["北京", "大学生", "多"]], ["北京大学"]) == []


def test_an_entity_does_not_cross_sentences():
    assert inner([["去", "北京"], ["大学", "好"]], ["北京大学"]) == []


def test_an_entity_may_have_any_characters_and_any_number_of_words():
    long = ["北京", "市", "海淀", "区", "（", "中", "关", "村", "）", "科技", "有限", "公司"]
    star = ["迈克尔", "·", "乔丹"]
    account = Account()
    ends = pa.array([np.cumsum([len(word) for word in [*long, "和", *star]]).tolist()], pa.list_(pa.int32()))
    text = pa.array(["".join([*long, "和", *star])])
    entities = Entities(["".join(long), "".join(star), "*ST远帆", "公司和"])
    assert entities.runs(CharacterWords.of(ends), text, account) == [(0, -12), (13, -3)]
    assert account.matched() == {"entities_matched": 2, "entities_never_matched": 2}


def plain(sentences, names):
    result = []
    for words in sentences:
        first = 0
        while first < len(words):
            for n in range(len(words) - first, 1, -1):
                if "".join(words[first : first + n]) in names:
                    result += words[first + 1 : first + n]
                    first += n - 1
                    break
            first += 1
    return result


words = st.text("甲乙丙", min_size=1, max_size=3)


@given(
    st.lists(st.lists(words, max_size=8), max_size=4), st.sets(st.text("甲乙丙", min_size=2, max_size=5), max_size=12)
)
def test_as_plain_loops_find_them(sentences, names):
    assert inner(sentences, names) == plain(sentences, names)


def test_entities_are_masked_whole(vocabulary, encoder, tmp_path):
    lexicon = tmp_path / "places.txt"
    lexicon.write_text("我不人\t12\n", "utf-8")
    documents = [[["的", "我", "不", "人", "在"] * 4] * 3] * 20
    config = InstancesConfig(
        format="doc-sentences", mask="entity", entities=(str(lexicon),), static=True, max_length=64
    )
    account = Account()
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder), account=account)
    rows = pa.Table.from_batches(build_instances([words_batch(documents)], builder)).to_pylist()
    assert account.changed["words.joined_to_entities"] == 2 * 4 * 3 * 20
    ids = [vocabulary.ids[character] for character in "我不人"]
    seen = 0
    for row in rows:
        restored = list(row["input_ids"])
        for position, label in zip(row["masked_lm_positions"], row["masked_lm_ids"], strict=True):
            restored[position] = label
        for start in range(len(restored) - 2):
            if restored[start : start + 3] == ids:
                chosen = len({start, start + 1, start + 2} & set(row["masked_lm_positions"]))
                assert chosen in (0, 3)
                seen += chosen == 3
    assert seen > 20


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"\n\n"])
def test_a_bad_lexicon_is_refused(tmp_path, content):
    path = tmp_path / "lexicon.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="entities"):
        read_entities([str(path)])
