"""Tags of words from a file: put on tokens, held to the sentences, told where they are wrong, seen by no input."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_words import make_documents, words_batch

from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances
from zhprep.instances.layout import TagFile, read_tag_sets
from zhprep.instances.layout.align import CharacterWords, Places

DOCUMENTS = [[["我", "在", "北京", "大学", "读书"], ["中华", "人民"]], [["他", "走"]]]
SETS = {"ner": ["O", "S-Ns"], "pos": ["r", "n", "v"]}


def written(tmp_path, rows, sets=SETS):
    path = tmp_path / "tags.jsonl"
    lines = [{"tags": sets}, *rows]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines), "utf-8")
    return str(path)


def columns(path, documents=DOCUMENTS, account=None):
    """The tags of every character."""
    batch = words_batch(documents)
    words = CharacterWords.of(batch["ends"].flatten())
    none = np.zeros(0, np.int64)
    places = Places(np.arange(words.n_characters), none, none)
    return TagFile(path).columns(batch, words, places, account if account is not None else Account())


def test_tags_are_numbered_by_the_first_line_and_stand_on_characters(tmp_path):
    rows = [
        {"pos": [], "doc": "1", "ner": [[[0, 2, "O"]]]},
        {
            "doc": "0",
            "ner": [[[2, 6, "S-Ns", 0.9]], []],
            "pos": [[[0, 1, "r"], [2, 6, "n"], [6, 8, "v"]], [[2, 4, "n"]]],
        },
    ]
    account = Account()
    found = columns(written(tmp_path, rows), account=account)
    assert list(found) == ["pos_tags", "ner_tags"]
    assert found["pos_tags"].tolist() == [1, 0, 2, 2, 2, 2, 3, 3, 0, 0, 2, 2, 0, 0]
    assert found["ner_tags"].tolist() == [0, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1]
    assert account.counts["words_without_pos_tag"] == 4  # 在 中华 他 走
    assert account.counts["words_without_ner_tag"] == 5  # 我 在 读书 中华 人民


WRONG = {
    "fewer sentences": ([[[0, 1, "n"]]], "1 lists of 'pos' for the 2 sentences of '0'"),
    "beyond the sentence": ([[[2, 9, "n"]], []], "[2, 9, \"n\"] is no tagged word of 'pos' from 0 to 8"),
    "before it": ([[[-1, 2, "n"]], []], "is no tagged word"),
    "empty": ([[[2, 2, "n"]], []], "is no tagged word"),
    "over another": ([[[0, 3, "n"], [2, 4, "n"]], []], "from 3 to 8"),
    "no tag": ([[[0, 3]], []], "[0, 3] is no tagged word"),
    "another tag": ([[[0, 3, "x"]], []], "the tag \"x\" of 'pos' is not among those of line 1"),
    "flat": ([[0, 3, "n"], []], "0 is no tagged word"),
    "no list": ("none", "has no list 'pos'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_does_not_fit_is_told_with_its_number(tmp_path, name):
    tags, message = WRONG[name]
    rows = [{"doc": "1", "pos": [], "ner": []}, {"doc": "0", "pos": tags, "ner": []}]
    with pytest.raises(DataError) as error:
        columns(written(tmp_path, rows))
    assert str(error.value).startswith("tags.jsonl, line 3: ")
    assert message in str(error.value)


def test_a_document_without_a_line_is_told(tmp_path):
    with pytest.raises(DataError, match="no line for the document '1'") as error:
        columns(written(tmp_path, [{"doc": "0", "pos": [], "ner": []}]))
    assert '"pos": []' in error.value.hint


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (None, "cannot read tags"),
        ('{"doc": "0"}', "does not begin with its tags"),
        ("[]", "does not begin with its tags"),
        ("", "does not begin with its tags"),
        ('{"tags": {"srl": ["A0"]}}', "tags of the kind 'srl'"),
        ('{"tags": {}}', "no tags"),
        ('{"tags": ["n"]}', "no tags"),
        ('{"tags": {"pos": []}}', "are no list of up to 255 different texts"),
        ('{"tags": {"pos": ["n", "n"]}}', "are no list of up to 255 different texts"),
        (json.dumps({"tags": {"pos": [str(number) for number in range(256)]}}), "are no list of up to 255"),
    ],
)
def test_a_file_that_does_not_say_its_tags_is_refused(tmp_path, head, message):
    path = tmp_path / "tags.jsonl"
    if head is not None:
        path.write_text(head + "\n", "utf-8")
    with pytest.raises(DataError, match=message) as error:
        read_tag_sets(str(path))
    assert "the first line says all tags" in error.value.hint


@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_instances_have_the_tags_that_plain_loops_give_them(vocabulary, encoder, tmp_path_factory, seed, random_):
    documents = make_documents(seed, 2, most_sentences=3)
    rows, expected = [], []
    for number, document in enumerate(documents):
        sentences = []
        for words in document:
            text, tagged, place = "".join(words), [], 0
            tags = [0] * len(text)
            while place < len(text):
                stop = min(place + random_.randint(1, 4), len(text))
                if random_.random() < 0.8:
                    tag = random_.randint(1, 3)
                    tagged.append([place, stop, SETS["pos"][tag - 1]])
                    tags[place:stop] = [tag] * (stop - place)
                place = stop
            sentences.append(tagged)
            encoded = encoder.encode(pa.array([text]))
            expected += [tags[start] for start in encoded.starts.tolist()]
        rows.append({"doc": str(number), "pos": sentences})
    path = written(tmp_path_factory.mktemp("tags"), rows, {"pos": SETS["pos"]})
    config = InstancesConfig(format="doc-sentences", tags=path, max_length=40)
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder))
    made = pa.Table.from_batches(build_instances([words_batch(documents)], builder)).to_pylist()
    found = [tag for row in made for tag, word in zip(row["pos_tags"], row["word_ids"], strict=True) if word >= 0]
    assert found == expected
    assert all(tag == 0 for row in made for tag, word in zip(row["pos_tags"], row["word_ids"], strict=True) if word < 0)
