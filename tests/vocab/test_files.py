"""The files of a vocabulary: what can be read, and what is said of what cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from made_text import LINES, text_batch
from tokenizers import Tokenizer

from zhprep import vocab
from zhprep.core.errors import DataError
from zhprep.vocab import Encoder, VocabConfig, Vocabulary
from zhprep.vocab.files import TOKENIZER_FILES

GOOGLE_SIZE = 41


@pytest.fixture(scope="module")
def trained() -> Vocabulary:
    config = VocabConfig(size=300, min_frequency=1)
    return vocab.train(vocab.count(text_batch(LINES), config), config)


def test_vocab_txt_alone_is_read_line_by_line_of_bytes(google: Path) -> None:
    vocabulary = vocab.load(google)
    assert vocabulary.size == GOOGLE_SIZE
    assert vocabulary.tokens[16] == "\u2028"
    assert vocabulary.tokens[-1] == "##ハ"
    assert (vocabulary.pad, vocabulary.unk, vocabulary.cls, vocabulary.sep, vocabulary.mask) == (0, 10, 11, 12, 13)
    assert not set(range(1, 10)) & set(vocabulary.normal_ids.tolist())


def test_vocab_txt_with_carriage_returns(google: Path) -> None:
    lines = (google / "vocab.txt").read_bytes()
    expected = vocab.load(google).tokens
    (google / "vocab.txt").write_bytes(lines.replace(b"\n", b"\r\n"))
    assert vocab.load(google).tokens == expected


def test_vocab_txt_encodes_as_transformers_does(google: Path) -> None:
    transformers = pytest.importorskip("transformers")
    (google / "vocab.txt").write_bytes((google / "vocab.txt").read_bytes().replace("\u2028".encode(), b"~"))
    theirs = transformers.AutoTokenizer.from_pretrained(google, tokenizer_type="bert")
    encoder = Encoder(vocab.load(google))
    for line in ["的一是人 ABÉ abe aba，。", "バか\u3099 é!", "中国人"]:
        assert encoder.encode([line]).ids.tolist() == theirs(line, add_special_tokens=False)["input_ids"]


def test_tokenizer_json_alone(trained: Vocabulary, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(trained.tokenizer_json, encoding="utf-8")
    back = vocab.load(tmp_path)
    assert (back.tokens, back.specials, back.kind, back.sha256) == (
        trained.tokens,
        trained.specials,
        "wordpiece",
        trained.sha256,
    )


def test_what_the_files_hold(trained: Vocabulary, tmp_path: Path) -> None:
    counts = vocab.count(text_batch(LINES), VocabConfig())
    names = vocab.write(trained, tmp_path, counts)
    assert names == sorted([*TOKENIZER_FILES[:4], "counts.arrow", "report.json"])
    assert (tmp_path / "vocab.txt").read_bytes().decode().split("\n") == [*trained.tokens, ""]
    config = json.loads((tmp_path / "tokenizer_config.json").read_bytes())
    assert config["model_max_length"] == 512
    assert config["tokenizer_class"] == "BertTokenizer"
    assert (config["do_lower_case"], config["strip_accents"], config["tokenize_chinese_chars"]) == (True, False, True)
    assert json.loads((tmp_path / "special_tokens_map.json").read_bytes())["mask_token"] == "[MASK]"
    table = pa.ipc.open_file(tmp_path / "counts.arrow").read_all()
    pieces = table["piece"].to_pylist()
    assert pieces == sorted(pieces, key=str.encode)


def test_roberta_names_of_specials(tmp_path: Path, trained: Vocabulary) -> None:
    names = dict(zip(trained.specials, ["<pad>", "<unk>", "<s>", "</s>", "<mask>"], strict=True))
    text = trained.tokenizer_json
    for ours, theirs in names.items():
        text = text.replace(json.dumps(ours), json.dumps(theirs))
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    assert vocab.load(tmp_path).specials == ("<pad>", "<unk>", "<s>", "</s>", "<mask>")


def test_a_folder_without_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no tokenizer\.json and no vocab\.txt") as caught:
        vocab.load(tmp_path)
    assert "build-vocab" in caught.value.hint
    with pytest.raises(DataError, match="is not a folder"):
        vocab.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tokenizer.json", b"{", "is not JSON"),
        ("tokenizer.json", b"\xff\xfe", "cannot read"),
        ("vocab.txt", "的\n一\n".encode(), r"lacks \[PAD\]"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        vocab.load(tmp_path)


def test_a_vocabulary_without_mask(tmp_path: Path, trained: Vocabulary) -> None:
    text = trained.tokenizer_json.replace('"[MASK]"', '"[GONE]"')
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no mask_token"):
        vocab.load(tmp_path)


def test_a_file_that_is_no_table_of_counts(tmp_path: Path) -> None:
    (tmp_path / "counts.arrow").write_bytes(b"piece,count\n")
    with pytest.raises(DataError, match="not a table of counts"):
        vocab.read_counts(tmp_path / "counts.arrow")


def test_template_of_an_instance(trained: Vocabulary) -> None:
    encoding = Tokenizer.from_str(trained.tokenizer_json).encode("的", "是")
    assert encoding.tokens == ["[CLS]", "的", "[SEP]", "是", "[SEP]"]
    assert encoding.type_ids == [0, 0, 0, 1, 1]
