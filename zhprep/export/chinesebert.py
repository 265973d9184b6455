"""The bundle that ChineseBERT's code takes unchanged (ShannonAI/ChineseBert, ``BertDataset`` and its models).

In: a vocabulary folder with its glyphs, or a run of the recipe ``chinesebert``. Out: ``vocab.txt`` and ``config/``: the
alphabet, the readings of every entry, the spelling of every syllable, and the images of one typeface per file, float32
``[V, size, size]``; those of a run as it learnt them. The file names sort in the order of the channels, because their
reader takes the files as the folder lists them. Of a run ``config.json`` and ``model.safetensors`` too, under their
names of weights; ``model_type`` is ``chinesebert``, where theirs say ``bert`` and transformers takes them for one.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import BertWordPieceTokenizer

from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.core.shards import committed
from zhprep.glyphs.files import load as load_images
from zhprep.glyphs.files import load_record, npy_bytes
from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.chinesebert import tables
from zhprep.pinyin.readings import spelt
from zhprep.vocab import Encoder, Vocabulary, load


def export(source: Path, out: Path) -> list[str]:
    """Write the bundle of the vocabulary folder, or of the model with its tokenizer, ``source`` into ``out``; return
    the names of its files.

    Raises ``UsageError`` for a vocabulary that their tokenizer would read otherwise and for a model that is no
    ChineseBERT, ``DataError`` for a vocabulary that has no glyphs.
    """
    vocabulary = load(source)
    check(vocabulary)
    images: npt.NDArray[Any]
    if (source / "model.safetensors").exists():
        images, faces = _write_model(source, out, vocabulary), ["face"] * _N_FACES
    else:
        images = load_images(source, n_entries=vocabulary.size)
        faces = [face["name"] for face in load_record(source)["faces"]]
    contents = {"vocab.txt": "\n".join(vocabulary.tokens) + "\n"}
    for name, table in tables(vocabulary.tokens).items():
        contents[f"config/{name}"] = json.dumps(table, ensure_ascii=False)
    (out / "config").mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        with committed(out / name, replace=True) as file:
            file.write(text.encode("utf-8"))
    for channel in range(images.shape[1]):
        name = f"config/{channel}_{_plain(faces[channel])}{images.shape[-1]}.npy"
        with committed(out / name, replace=True) as file:
            file.write(npy_bytes(images[:, channel].astype(np.float32)))
    return sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())


_N_FACES, _SIZE = 3, 24
"""Of the images that their model reads: a width of 1,728 is written into its code."""


def _write_model(source: Path, out: Path, vocabulary: Vocabulary) -> npt.NDArray[np.float32]:
    """Write the model in ``source`` in their layout; return its images, float32 ``[V, 3, 24, 24]``."""
    require_training("a model to be exported")
    from zhprep.models.checkpoints import chinesebert
    from zhprep.models.checkpoints.files import load_model, save_model

    model = load_model(source)
    if not chinesebert.matches(model.config):
        raise UsageError(f"{source}: is no ChineseBERT", hint="`zhprep export --to transformers` takes any model")
    images = model.state_dict()[chinesebert.IMAGES].numpy()
    if images.shape[1] != _N_FACES * _SIZE**2:
        raise UsageError(
            f"{source}: has images of {images.shape[1]} points, and ChineseBERT's code takes {_N_FACES} of 24 x 24",
            hint="`zhprep export --to transformers` writes this model with code that takes any",
        )
    model.config = dataclasses.replace(model.config, format="chinesebert")
    save_model(model, out, pad_id=vocabulary.pad)
    shaped: npt.NDArray[np.float32] = images.reshape(len(images), _N_FACES, _SIZE, _SIZE)
    return shaped


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
