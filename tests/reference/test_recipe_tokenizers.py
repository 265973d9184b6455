"""A recipe that follows a system has that system's tokenizer: its vocab.txt, read by the system's own, gives our ids."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import zhprep
from made_text import LINES, made_words, text_batch, word_batch
from tokenizers import BertWordPieceTokenizer

from zhprep import vocab
from zhprep.recipes import load_recipe, recipe_names
from zhprep.vocab import TYPES, Encoder, VocabConfig, Vocabulary

pytestmark = pytest.mark.reference

TEXTS = [
    *LINES,
    "Café ÀÉÎ naïve ﬁ ½ ① İstanbul ΑΣΣ ñandú",
    "がぎぐ パピプ か\u3099 e\u0301 한국어",
    "西安的𰻝𰻝面 a𰻝7 𠀀𪚥 〇〇 々々",
    "ＡＢ１２ “你好”——（……）￥25℃×2±1～③",
    "x" * 101 + " don't [MASK] ##的 \u200b\ufeff\x07的",
]
IdsOf = Callable[[list[str]], list[list[int]]]


def of_tokenizers(folder: Path) -> IdsOf:
    """Return ChineseBERT's reader: ``BertWordPieceTokenizer`` with its defaults."""
    tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"))
    tokenizer._tokenizer.encode_special_tokens = True  # ours: [MASK] in the text is text
    return lambda texts: [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def of_bert(folder: Path) -> IdsOf:
    """Return BERT's: transformers' from nothing but vocab.txt, with the default of do_lower_case (True)."""
    transformers = pytest.importorskip("transformers")
    (folder / "alone").mkdir()
    (folder / "alone" / "vocab.txt").write_bytes((folder / "vocab.txt").read_bytes())
    return of_transformers(transformers.BertTokenizer.from_pretrained(folder / "alone", split_special_tokens=True))


def of_folder(folder: Path) -> IdsOf:
    """Return what transformers makes of the folder: systems whose tokenizer is a tokenizer.json."""
    transformers = pytest.importorskip("transformers")
    return of_transformers(transformers.AutoTokenizer.from_pretrained(folder, split_special_tokens=True))


def of_transformers(tokenizer) -> IdsOf:
    return lambda texts: tokenizer(texts, add_special_tokens=False)["input_ids"]


OWN = {"chinesebert": of_tokenizers}
"""Recipes whose system reads its vocabulary in its own way; the others by the type of their vocabulary."""


def tokenizer_of(name: str, folder: Path) -> IdsOf:
    """Return the tokenizer of the system of a recipe: BERT's where its vocabulary is one of BERT's pieces."""
    kind = load_recipe(name)["vocab"]["type"]
    return OWN.get(name, of_bert if kind == "wordpiece" else of_folder)(folder)


def with_distinct_vocabularies() -> list[str]:
    """Return the first recipe of each ``[vocab]`` that tells a text from another: sizes do not."""
    found: dict[str, str] = {}
    for name in recipe_names():
        section = {key: value for key, value in load_recipe(name)["vocab"].items() if key not in ("size", "unused")}
        found.setdefault(f"{name in OWN and name}{section}", name)
    return list(found.values())


def trained(name: str) -> Vocabulary:
    """Return a small vocabulary with the settings of a recipe."""
    section = {**load_recipe(name)["vocab"], "size": 420, "unused": 0, "multiple_of": 1, "char_coverage": 1.0}
    config = VocabConfig(**section)
    if TYPES[config.type].by_word == "required":
        return vocab.train(vocab.count(word_batch(made_words()), config), config)
    return vocab.train(vocab.count(text_batch([*TEXTS, *TEXTS]), config), config)


@pytest.mark.parametrize("name", with_distinct_vocabularies())
def test_the_systems_tokenizer_agrees(name: str, tmp_path: Path) -> None:
    vocabulary = trained(name)
    vocab.write(vocabulary, tmp_path)
    encoder, texts, ends = Encoder(vocabulary), TEXTS, None
    if encoder.takes_words:
        batch = word_batch(made_words())
        texts, ends = batch["sentences"].flatten(), batch["ends"].flatten()
    encoded = encoder.encode(texts, ends)
    borders = encoded.sentence_offsets
    ours = [encoded.ids[first:last].tolist() for first, last in itertools.pairwise(borders)]
    asked = TEXTS if ends is None else [" ".join(words) for words in made_words()]
    assert tokenizer_of(name, tmp_path)(asked) == ours


def test_a_folder_of_the_recipe_is_chinesebert_s_bundle(sample_data: Path, tmp_path: Path) -> None:
    common = ("--recipe", "chinesebert", "--quiet")
    corpus = sample_data / "corpus" / "news.txt"
    assert zhprep("build-vocab", corpus, "-o", tmp_path / "v", "--size", 1500, *common).code == 0
    assert zhprep("render-glyphs", "--vocab", tmp_path / "v", *common).code == 0
    assert zhprep("export", tmp_path / "v", "--to", "chinesebert", "-o", tmp_path / "out", "--quiet").code == 0
    names = {path.name for path in (tmp_path / "out" / "config").iterdir()}
    assert {"pinyin_map.json", "id2pinyin.json", "pinyin2tensor.json"} < names
    readings = json.loads((tmp_path / "out" / "config" / "id2pinyin.json").read_text("utf-8"))
    tokens = (tmp_path / "out" / "vocab.txt").read_text("utf-8").split("\n")
    assert (len(readings), tokens[-1], len(tokens)) == (vocab.load(tmp_path / "v").size, "", len(readings) + 1)
