"""The bundle, read as ChineseBERT's ``BertDataset`` reads it, gives what zhprep gives, sentence for sentence.

Their reader is derived again here from its description: a WordPiece tokenizer made of vocab.txt, pypinyin over the
whole sentence with every reading, the first one taken, its spelling looked up; a token of one character has a sound.
"""

from __future__ import annotations

import itertools
import json

import numpy as np
import pypinyin
import pytest
from command_line import refused, zhprep
from hypothesis import given
from hypothesis import strategies as st
from plain_chinesebert import PlainChineseBert
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer

from zhprep.core.errors import DataError, UsageError
from zhprep.export.chinesebert import export, read_aloud
from zhprep.glyphs import GlyphsConfig, build, save
from zhprep.models import model_config
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import seeded_model
from zhprep.recipes import load_recipe
from zhprep.vocab import load

pytestmark = pytest.mark.reference

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TEXT = "我喜欢猫银行走长城大重庆量还给有一会儿绿女的确定性美元朝阳区龍馬，。！1"
ENTRIES = [*SPECIALS, *TEXT, "a", "##b", "##1", "linux", "cafe", "##中", "中"]


class Reader:
    """What their reader does with a bundle."""

    def __init__(self, folder):
        self.tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"))
        config = folder / "config"
        self.alphabet = json.loads((config / "pinyin_map.json").read_text(encoding="utf-8"))["char2idx"]
        self.spellings = json.loads((config / "pinyin2tensor.json").read_text(encoding="utf-8"))
        self.readings = json.loads((config / "id2pinyin.json").read_text(encoding="utf-8"))

    def read(self, sentence):
        """Return ids and, flat, 8 numbers per token."""
        encoding = self.tokenizer.encode(sentence)
        heard = self.listen(sentence)
        sounds = [heard.get(first, [0] * 8) if last - first == 1 else [0] * 8 for first, last in encoding.offsets]
        return encoding.ids, list(itertools.chain(*sounds))

    def listen(self, sentence):
        read = pypinyin.pinyin(
            sentence, style=pypinyin.Style.TONE3, heteronym=True, errors=lambda run: [["none"] for _ in run]
        )
        return {place: self.spell(found[0]) for place, found in enumerate(read) if found[0] != "none"}

    def spell(self, syllable):
        if syllable in self.spellings:
            return self.spellings[syllable]
        known = [self.alphabet.get(letter) for letter in syllable]
        return [0] * 8 if None in known else known + [0] * (8 - len(known))


def vocabulary_folder(folder, entries=ENTRIES):
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(entries)) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Return the vocabulary and their reader of its bundle."""
    folder = vocabulary_folder(tmp_path_factory.mktemp("vocab"))
    vocabulary = load(folder)
    save(build(GlyphsConfig(), vocabulary.tokens, specials=vocabulary.specials), vocabulary.tokens, folder)
    out = tmp_path_factory.mktemp("bundle")
    names = export(folder, out)
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == names
    return vocabulary, Reader(out), out


def agree(bundle, sentences):
    vocabulary, reader, _ = bundle
    token_ids, offsets, sounds = read_aloud(vocabulary, sentences)
    for row, sentence in enumerate(sentences):
        ids, flat = reader.read(sentence)
        part = slice(offsets[row], offsets[row + 1])
        assert token_ids[part].tolist() == ids, sentence
        assert sounds[part].ravel().tolist() == flat, sentence


def test_the_quick_tour(bundle):
    vocabulary, _, _ = bundle
    ids, offsets, sounds = read_aloud(vocabulary, ["我喜欢猫"])
    assert offsets.tolist() == [0, 6]
    assert [vocabulary.tokens[i] for i in ids] == ["[CLS]", "我", "喜", "欢", "猫", "[SEP]"]
    assert sounds.size == 48
    assert sounds[1].tolist() == [28, 20, 3, 0, 0, 0, 0, 0]
    assert not sounds[[0, 5]].any()


SENTENCES = [
    "我喜欢猫。", "银行行长走。", "长城长大", "重庆重量", "还给你还有", "一会儿",
    "绿女", "美元的确定性", "朝阳区，朝阳",
    "",
    "a",
    "ab 中linux，café龍馬", "未知字𠀀㐀鑫", "１２３ ABC", "中　文\u200b字", "嗯呣欸",
]  # fmt: skip


def test_sentence_for_sentence(bundle):
    agree(bundle, SENTENCES)


@given(st.lists(st.text(st.sampled_from(TEXT + "abé1 ，𠀀カ嗯　"), max_size=12), min_size=1, max_size=4))
def test_any_sentence(bundle, sentences):
    agree(bundle, sentences)


def test_real_sentences(bundle, shared_data):
    text = (shared_data / "corpus" / "noisy_waimai_reviews.txt").read_text(encoding="utf-8")
    agree(bundle, [line for line in text.split("\n") if line][:300])


def test_readings_of_every_entry(bundle):
    vocabulary, reader, _ = bundle
    assert list(reader.readings) == [str(number) for number in range(vocabulary.size)]
    assert reader.readings[str(vocabulary.ids["行"])][0] == [29, 14, 19, 12, 2, 0, 0, 0]
    assert [13, 6, 19, 12, 2, 0, 0, 0] in reader.readings[str(vocabulary.ids["行"])]
    assert reader.readings[str(vocabulary.ids["##中"])] == reader.readings[str(vocabulary.ids["中"])]
    for entry in ("[MASK]", "linux", "a", "##b", "，"):
        assert reader.readings[str(vocabulary.ids[entry])] == [[0] * 8]


def test_images_are_one_file_per_channel_in_order(bundle):
    vocabulary, _, out = bundle
    files = sorted((out / "config").glob("*.npy"))
    assert [file.name for file in files] == ["0_song24.npy", "1_kai24.npy", "2_xing24.npy"]
    assert len({np.load(file, allow_pickle=False).tobytes() for file in files}) == 3
    for file in files:
        images = np.load(file, allow_pickle=False)
        assert images.shape == (vocabulary.size, 24, 24)
        assert images.dtype == np.float32
        assert 0 <= images.min() <= images.max() == 255
        assert not images[vocabulary.mask].any()
        assert not images[vocabulary.ids["##中"]].any()
        assert images[vocabulary.ids["中"]].any()


def test_without_glyphs_the_command_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no glyphs\.npy"):
        export(vocabulary_folder(tmp_path / "v"), tmp_path / "out")


def test_a_vocabulary_that_they_would_read_otherwise_is_refused(tmp_path):
    folder = vocabulary_folder(tmp_path / "v")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}), encoding="utf-8")
    with pytest.raises(UsageError, match="another normalizer"):
        export(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_becomes_a_bundle_with_its_model(bundle, tmp_path):
    """The weights have the names of theirs, all of them, and the images are those that the model has learnt."""
    transformers = pytest.importorskip("transformers")
    vocabulary, _, _ = bundle
    recipe = load_recipe("chinesebert", size="tiny")["model"]
    nano = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
    run = vocabulary_folder(tmp_path / "run")
    model = seeded_model(model_config({**recipe, "sizes": {"nano": nano}}, "nano", vocabulary.size), 1)
    save_model(model, run)
    assert json.loads((run / "config.json").read_bytes())["model_type"] == "zhprep"
    result = zhprep("export", run, "--to", "chinesebert", "-o", tmp_path / "out")
    assert result.code == 0, result.err
    described = transformers.BertConfig.from_pretrained(tmp_path / "out")
    plain = PlainChineseBert(described, 1728)
    plain.load_state_dict(load_file(tmp_path / "out" / "model.safetensors"), strict=True)
    stacked = np.stack([np.load(path) for path in sorted((tmp_path / "out" / "config").glob("*.npy"))], 1)
    assert stacked.shape == (vocabulary.size, 3, 24, 24)
    seen = plain.bert.embeddings.glyph_embeddings.embedding.weight
    assert np.array_equal(stacked.reshape(vocabulary.size, -1), seen.detach().numpy())
    assert Reader(tmp_path / "out").read("我喜欢猫")[0] == bundle[1].read("我喜欢猫")[0]
    again = zhprep("export", tmp_path / "out", "--to", "transformers", "-o", tmp_path / "ours")
    assert again.code == 0, again.err
    assert (tmp_path / "ours" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


def test_what_their_model_cannot_read_is_told(tmp_path):
    run = vocabulary_folder(tmp_path / "run")
    nano = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}
    recipe = load_recipe("chinesebert", size="tiny")["model"]
    for section, told in (
        ({**recipe, "glyph": {"glyph_embedding_dim": 12}}, "has images of 12 points"),
        ({"objectives": ["mlm"]}, "is no ChineseBERT"),
    ):
        save_model(seeded_model(model_config({**section, "sizes": {"nano": nano}}, "nano", load(run).size), 1), run)
        refused(zhprep("export", run, "--to", "chinesebert", "-o", tmp_path / "out"), 2, told, "--to transformers")
        assert not (tmp_path / "out").exists()
