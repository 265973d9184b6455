"""The bundle that ChineseBERT's reader takes unchanged (ShannonAI/ChineseBert, ``BertDataset``).

In: a vocabulary folder with its glyphs. Out: ``vocab.txt`` and ``config/``: the alphabet, the readings of every
entry, the spelling of every syllable, and the images of one typeface per file, float32 ``[V, size, size]``. The file
names sort in the order of the channels, because their reader takes the files as the folder lists them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import BertWordPieceTokenizer

from zhprep.core.errors import UsageError
from zhprep.core.shards.commit import committed
from zhprep.glyphs.files import load as load_images
from zhprep.glyphs.files import load_record, npy_bytes
from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.chinesebert import tables
from zhprep.pinyin.readings import spelt
from zhprep.vocab import Encoder, Vocabulary, load


def export(vocab: Path, out: Path) -> list[str]:
    """Write the bundle of the vocabulary folder ``vocab`` into ``out``; return the names of its files.

    Raises ``UsageError`` for a vocabulary that their tokenizer would read otherwise, ``DataError`` for one that has no
    glyphs.
    """
    vocabulary = load(vocab)
    check(vocabulary)
    images = load_images(vocab, n_entries=vocabulary.size)
    faces = load_record(vocab)["faces"]
    contents = {"vocab.txt": "\n".join(vocabulary.tokens) + "\n"}
    for name, table in tables(vocabulary.tokens).items():
        contents[f"config/{name}"] = json.dumps(table, ensure_ascii=False)
    (out / "config").mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        with committed(out / name, replace=True) as file:
            file.write(text.encode("utf-8"))
    for channel in range(images.shape[1]):
        name = f"config/{channel}_{_plain(faces[channel]['name'])}{images.shape[-1]}.npy"
        with committed(out / name, replace=True) as file:
            file.write(npy_bytes(images[:, channel].astype(np.float32)))
        contents[name] = ""
    return sorted(contents)


def check(vocabulary: Vocabulary) -> None:
    """Raise ``UsageError`` unless their tokenizer, made of vocab.txt, reads text as the vocabulary's own does."""
    theirs = json.loads(BertWordPieceTokenizer(dict(vocabulary.ids)).to_str())
    ours = json.loads(vocabulary.tokenizer_json)
    model = {key: value for key, value in ours["model"].items() if key != "vocab"}
    same = {
        "model": model == {key: value for key, value in theirs["model"].items() if key != "vocab"},
        "normalizer": _rules(ours["normalizer"]) == _rules(theirs["normalizer"]),
        "pre-tokenizer": ours["pre_tokenizer"] == theirs["pre_tokenizer"],
        "special tokens": list(vocabulary.specials[:5]) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    }
    wrong = [name for name, equal in same.items() if not equal]
    if wrong:
        raise UsageError(
            f"ChineseBERT reads vocab.txt with BertWordPieceTokenizer; this vocabulary has another {', '.join(wrong)}",
            hint="build it with --recipe chinesebert, or with --type wordpiece or char and --strip-accents",
        )


def read_aloud(
    vocabulary: Vocabulary, sentences: Sequence[str]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return what their reader makes of ``sentences``: ids ``[T]``, offsets int64 ``[S+1]``, pinyin uint8 ``[T, 8]``.

    Their reader asks pypinyin for the whole sentence, so this is the engine ``pypinyin`` with every sentence as one
    word, its mixed tones of 一 and 不 included; what zhprep writes by default reads better, and differently. Only the
    names of special tokens in the text (``[MASK]``) are text here, where their tokenizer takes them for tokens.
    """
    encoded = Encoder(vocabulary).encode(list(sentences))
    text = FlatText.from_sentences(list(sentences))
    syllables = build(PinyinConfig(engine="pypinyin")).engine.read(text)
    counts = np.diff(encoded.sentence_offsets)
    starts = encoded.starts + np.repeat(text.sentence_offsets[:-1], counts)
    of_token = np.zeros(len(starts), np.uint16)
    single = np.flatnonzero(encoded.stops - encoded.starts == 1)
    of_token[single] = syllables[starts[single]]
    # Each sentence gets one token before and one after.
    offsets = encoded.sentence_offsets + 2 * np.arange(len(sentences) + 1)
    inner = np.arange(len(starts)) + 1 + 2 * np.repeat(np.arange(len(sentences)), counts)
    token_ids = np.full(int(offsets[-1]), vocabulary.sep, encoded.ids.dtype)
    token_ids[offsets[:-1]] = vocabulary.cls
    token_ids[inner] = encoded.ids
    spellings = np.zeros((len(token_ids), 8), np.uint8)
    spellings[inner] = spelt(of_token)
    return token_ids, offsets, spellings


def _rules(normalizer: dict[str, Any] | None) -> dict[str, Any]:
    """Return the rules of a normalizer, with accents stripped as letters are folded where it leaves that open."""
    rules = dict(normalizer or {})
    if rules.get("strip_accents", False) is None:
        rules["strip_accents"] = rules["lowercase"]
    return rules


def _plain(name: str) -> str:
    """Return a face's name as part of a file name: a user's face is named by its path."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in Path(name).name)
