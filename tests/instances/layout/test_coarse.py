"""Two tokenisations of the same text, cut at the same places (AMBERT)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from fixed_encoder import FixedEncoder
from made_words import make_documents, words_batch

from zhprep import vocab
from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances
from zhprep.instances.layout import Reader


@pytest.fixture(scope="module")
def coarse_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coarse") / "vocab"
    folder.mkdir()
    config = vocab.VocabConfig(type="mixed", size=400)
    vocab.write(vocab.train(vocab.count(words_batch(make_documents(99, 200)), config), config), folder)
    return folder


@pytest.mark.parametrize("format_name", ["full-sentences", "segment-pair", "packed", "doc-sentences"])
def test_coarse_tokens_spell_what_fine_tokens_spell(vocabulary, encoder, coarse_folder, format_name):
    coarse = vocab.load(coarse_folder)
    config = InstancesConfig(format=format_name, coarse_vocab=str(coarse_folder), max_length=64)
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder), window=2000)
    table = pa.Table.from_batches(build_instances([words_batch(make_documents(1, 60))], builder), builder.schema)
    longer = 0
    for row in table.to_pylist():
        fine = [vocabulary.tokens[token].removeprefix("##") for token in row["input_ids"]]
        words = [coarse.tokens[token].removeprefix("##") for token in row["coarse_input_ids"]]
        assert len(row["coarse_of"]) == len(fine)
        assert [place == -1 for place in row["coarse_of"]] == [flag == 1 for flag in row["special_tokens_mask"]]
        spelled = [""] * len(words)
        for token, place in zip(fine, row["coarse_of"], strict=True):
            if place >= 0:
                spelled[place] += token
        special = {"[CLS]", "[SEP]"}
        assert spelled == ["" if word in special else word for word in words]
        assert [word for word in words if word in special] == [token for token in fine if token in special]
        longer += sum(len(word) > 1 for word in words if word not in special)
    assert longer > 100


def test_a_coarse_token_in_two_words_joins_them():
    """Else an instance could be cut within a coarse token, or a part of one be masked."""
    words = words_batch([[["甲", "ab", "cd", "乙"]]])
    reader = Reader(FixedEncoder([0, 1, 3, 5, 6]), FixedEncoder([0, 1, 5, 6]))
    tokens = reader.read(words, 0, Account()).tokens
    assert tokens.coarse.of.tolist() == [0, 1, 1, 2]
    assert tokens.opens.tolist() == [True, True, False, True]
