"""Vocabulary folders that are torn, edited by hand or put together from two: each is refused, and the message says where."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import refused, zhprep
from made_text import LINES, made_words, text_batch, word_batch

from zhprep import vocab
from zhprep.core.errors import DataError
from zhprep.vocab import TYPES, Encoder, VocabConfig

Edit = Callable[[Path], Any]
SPECIALS = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A whole folder of each type of vocabulary that needs no other package."""
    found = {}
    for kind in ("wordpiece", "bbpe", "mixed", "word"):
        folder = tmp_path_factory.mktemp(kind)
        config = VocabConfig(type=kind, size=400)
        batch = word_batch(made_words()) if TYPES[kind].by_word == "required" else text_batch(LINES)
        counts = vocab.count(batch, config)
        vocab.write(vocab.train(counts, config), folder, counts)
        found[kind] = folder
    return found


def edited(name: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    """Change the JSON of a file."""

    def edit(folder: Path) -> None:
        value = json.loads((folder / name).read_bytes())
        change(value)
        (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    return edit


def model(**values: object) -> Edit:
    return edited("tokenizer.json", lambda parts: parts["model"].update(values))


def ids(**values: object) -> Edit:
    return edited("tokenizer.json", lambda parts: parts["model"]["vocab"].update(values))


def holding(name: str, content: bytes) -> Edit:
    return lambda folder: (folder / name).write_bytes(content)


def replaced(name: str, old: bytes, new: bytes) -> Edit:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes().replace(old, new, 1))


def alone(content: bytes) -> Edit:
    """Leave nothing but a vocab.txt."""

    def edit(folder: Path) -> None:
        for file in folder.iterdir():
            file.unlink()
        (folder / "vocab.txt").write_bytes(content)

    return edit


CASES: list[tuple[str, Edit, str, str]] = [
    ("wordpiece", ids(的=6), "tokenizer.json", "both have id 6"),
    ("wordpiece", ids(的=4_000_000_000), "tokenizer.json", "up to 4000000000 ('的')"),
    ("wordpiece", ids(的=-1), "tokenizer.json", "cannot be read"),
    ("wordpiece", edited("tokenizer.json", lambda parts: parts["model"]["vocab"].pop("的")), "tokenizer.json", "none has"),
    ("wordpiece", replaced("tokenizer.json", '"的": '.encode(), '"的": 300, "的": '.encode()), "tokenizer.json", "twice"),
    ("wordpiece", edited("tokenizer.json", lambda parts: parts["added_tokens"][4].update(id=9)), "tokenizer.json", "has id 9"),
    ("wordpiece", model(vocab={}), "tokenizer.json", "no token for what it does not know"),
    ("wordpiece", model(unk_token="的"), "", "unk_token is '[UNK]'"),
    ("wordpiece", holding("tokenizer.json", b"[]"), "tokenizer.json", "no JSON object"),
    ("wordpiece", holding("tokenizer.json", b"[" * 100_000), "tokenizer.json", "is not JSON"),
    ("mixed", model(unk_token=None), "tokenizer.json", "no token for what it does not know"),
    ("bbpe", model(dropout=0.1), "tokenizer.json", "at random"),
    ("bbpe", edited("vocab.json", lambda tokens: tokens.update(的=5)), "vocab.json", "ids"),
    ("bbpe", edited("vocab.json", lambda tokens: tokens.update(的="x")), "vocab.json", "no integer"),
    ("bbpe", holding("merges.txt", b"#version: 0.2\n"), "merges.txt", "nothing as 0"),
    ("word", replaced("vocab.txt", "研究\n".encode(), b""), "vocab.txt", "vocab.txt has 'modelling' as 11, and tokenizer.json has '研究'"),
    ("wordpiece", replaced("vocab.txt", b"[PAD]\n[UNK]", b"[UNK]\n[PAD]"), "vocab.txt", "has '[UNK]' as 0"),
    ("wordpiece", holding("vocab.txt", SPECIALS), "vocab.txt", "nothing as 5"),
    ("wordpiece", edited("report.json", lambda report: report.update(type="bbpe")), "report.json", "type is 'bbpe'"),
    *[
        ("wordpiece", holding(name, content), name, said)
        for name in ("special_tokens_map.json", "tokenizer_config.json")
        for content, said in [
            (b"5", "no JSON object"),
            (b'{"mask_token": 5}', "mask_token must be the text of a token, not 5"),
            (b'{"mask_token": {"content": 5}}', "mask_token must be"),
            (b'{"mask_token": "<no>"}', "'<no>', which the vocabulary does not have"),
            (b'{"additional_special_tokens": "x"}', "must be a list"),
            (b'{"mask_token": "[MASK]", "mask_token": "[SEP]"}', "'mask_token' is there twice"),
        ]
    ],
    ("wordpiece", holding("special_tokens_map.json", b'{"mask_token": "[PAD]"}'), "", "both pad_token and mask_token"),
    ("wordpiece", holding("tokenizer_config.json", b'{"do_lower_case": "no"}'), "tokenizer_config.json", "true or false"),
    ("wordpiece", holding("tokenizer_config.json", b'{"model_max_length": "x"}'), "tokenizer_config.json", "a number"),
    ("wordpiece", alone(SPECIALS + b"a\na\n"), "vocab.txt", "'a' is there twice, as 5 and as 6"),
    ("wordpiece", alone(b"\xef\xbb\xbf" + SPECIALS), "vocab.txt", "byte order mark"),
    ("wordpiece", alone(b""), "vocab.txt", "lacks [PAD]"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "edit", "name", "said"), CASES)
def test_what_is_wrong_is_refused(
    kind: str, edit: Edit, name: str, said: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(folders[kind], tmp_path / "v")
    edit(tmp_path / "v")
    with pytest.raises(DataError) as caught:
        vocab.load(tmp_path / "v")
    assert str(caught.value).startswith((f"{tmp_path / 'v' / name}", f"cannot read {tmp_path / 'v' / name}"))
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_command_says_it_in_one_line(folders: dict[str, Path], sample_data: Path, tmp_path: Path) -> None:
    shutil.copytree(folders["wordpiece"], tmp_path / "v")
    holding("special_tokens_map.json", b'{"mask_token": 5}')(tmp_path / "v")
    for command in (
        ("inspect", tmp_path / "v"),
        ("make-instances", sample_data / "corpus" / "news.txt", "--vocab", tmp_path / "v", "-o", tmp_path / "d"),
        ("render-glyphs", "--vocab", tmp_path / "v"),
        ("build-vocab", sample_data / "corpus" / "news.txt", "--patch", tmp_path / "v", "-o", tmp_path / "new"),
    ):
        refused(zhprep(*command), 3, "special_tokens_map.json", "mask_token must be", "or take it out")


def test_any_damage_is_refused_or_changes_nothing(folders: dict[str, Path], tmp_path: Path) -> None:
    """Files cut, bytes lost, bits flipped, pieces put elsewhere: a ``DataError``, or the ids are those of before."""
    outcomes = {"refused": 0, "read": 0}
    for seed in range(300):
        draw = random.Random(seed)
        kind = draw.choice(sorted(folders))
        folder = tmp_path / str(seed)
        shutil.copytree(folders[kind], folder)
        name = draw.choice(sorted({path.name for path in folder.iterdir()} - {"counts.arrow"}))
        (folder / name).write_bytes(damaged((folder / name).read_bytes(), draw))
        try:
            loaded = vocab.load(folder)
        except DataError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        Encoder(loaded).encode(LINES)
        if name in ("vocab.txt", "vocab.json", "merges.txt"):
            assert loaded.tokens == vocab.load(folders[kind]).tokens
    assert outcomes["refused"] > 200


def damaged(raw: bytes, draw: random.Random) -> bytes:
    place, length = draw.randrange(len(raw)), draw.randint(1, 40)
    how = draw.choice(["cut", "lost", "flipped", "moved"])
    if how == "cut":
        return raw[:place]
    if how == "lost":
        return raw[:place] + raw[place + length :]
    if how == "flipped":
        return raw[:place] + bytes([raw[place] ^ (1 << draw.randrange(8))]) + raw[place + 1 :]
    other = draw.randrange(len(raw))
    return raw[:place] + raw[other : other + length] + raw[place:]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"tokenizer_class": "BertTokenizer"}, (True, None, True)),
        ({"tokenizer_class": "BertTokenizerFast", "do_lower_case": False}, (False, None, True)),
        ({"tokenizer_class": "ElectraTokenizer", "strip_accents": True}, (True, True, True)),
        ({"tokenizer_class": "BertTokenizer", "strip_accents": None, "tokenize_chinese_chars": False}, (True, None, False)),
        ({"do_lower_case": False}, (False, None, True)),
        ({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}, (True, False, True)),
        ({}, (True, False, True)),
    ],
)  # fmt: skip
def test_settings_go_before_the_normalizer_as_in_transformers(
    config: dict[str, Any], expected: tuple[object, ...], folders: dict[str, Path], tmp_path: Path
) -> None:
    transformers = pytest.importorskip("transformers")
    shutil.copytree(folders["wordpiece"], tmp_path / "v")
    (tmp_path / "v" / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    if config and "tokenizer_class" not in config:
        (tmp_path / "v" / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    loaded = vocab.load(tmp_path / "v")
    normalizer = loaded.parts["normalizer"]
    names = ("lowercase", "strip_accents", "handle_chinese_chars")
    assert tuple(normalizer[name] for name in names) == expected
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "v")
    for line in [*LINES, "CAFÉ é がPA 中a中"]:
        ours = Encoder(loaded).encode([line]).ids.tolist()
        assert ours == theirs(line, add_special_tokens=False)["input_ids"], line
    vocab.write(loaded, tmp_path)
    assert vocab.load(tmp_path).tokenizer_json == loaded.tokenizer_json
