"""What Hugging Face's libraries make of our folders."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import pyarrow as pa
import pytest
from command_line import made_by, zhprep
from reading_instances import read_instances

from zhprep.vocab import Encoder, load

NASTY = (
    "", " ", "\u3000", "a", "使用语言模型来预测下一个词的概率。", "GPT-4和BERT-wwm，谁更强？", "ＡＢＣ１２３", "①②③㈠㈡", "𠮷野家𠀋𪚥",
    "e\u0301 é ñ ﬁ ﬀ", "ｶﾞ が が", "\ufeff開頭", "a\u200bb\u200cc\u200dd", "👨‍👩‍👧‍👦😀🇨🇳", "[MASK]是[CLS]特殊[SEP]符号[UNK]吗[PAD]",
    "x" * 300, "３.１４％", "http://例子.测试/路径?a=1&b=2", "１２３ 456", "İstanbul ŞIŞLI ß ẞ Σίσυφος", "\x00\x01\t\r\n控制",
    "##字 ##a #tag", "한국어 조선말", "ไทย", "العربية", "『「（《〈【〔“‘’”〕】〉》）」』", "。。。！！！？？？……——", "\U0010ffff\ue000",
    "不\ufe0f要\ufe00", "ǅ ǆ ŉ", "中 文 空 格", "中\u00a0文\u2003空\u202f格",
)  # fmt: skip


def test_load_from_disk(data):
    datasets = pytest.importorskip("datasets")
    ours = read_instances(data).table
    theirs = datasets.load_from_disk(str(data))
    assert theirs.num_rows == ours.num_rows
    assert theirs.column_names == ours.schema.names
    for row in (0, 7, ours.num_rows - 1):
        assert theirs[row] == ours.slice(row, 1).to_pylist()[0]


def test_load_dataset_arrow(sample_data, vocab, tmp_path):
    datasets = pytest.importorskip("datasets")
    flags = ("--vocab", vocab, "--block-size", "20KiB", "--static")
    folder = made_by("make-instances", sample_data / "corpus", *flags, output=tmp_path / "data")
    shards = sorted(str(path) for path in folder.glob("data-*.arrow"))
    assert len(shards) > 3
    ours = read_instances(folder).table
    made = datasets.load_dataset("arrow", data_files=shards, split="train", cache_dir=str(tmp_path / "cache"))
    assert made.num_rows == ours.num_rows
    assert made[:5]["input_ids"] == ours.slice(0, 5)["input_ids"].to_pylist()
    streamed = datasets.load_dataset("arrow", data_files=shards, split="train", streaming=True)
    assert next(iter(streamed))["masked_lm_ids"] == ours["masked_lm_ids"][0].as_py()


def encoded(folder, sentences):
    found = Encoder(load(folder)).encode(pa.array(sentences, pa.string()))
    edges = found.sentence_offsets.tolist()
    return [found.ids[begin:end].tolist() for begin, end in pairwise(edges)]


@pytest.fixture(scope="module")
def sentences(sample_data):
    raw = [
        line for path in sorted((sample_data / "corpus").glob("*.txt")) for line in path.read_text("utf-8").split("\n")
    ]
    clean = zhprep("normalize", sample_data / "corpus", "--quiet").out.decode().split("\n")
    return [*raw, *clean, *NASTY]


@pytest.mark.parametrize("place", ["vocabulary", "beside the instances", "beside the model"])
def test_auto_tokenizer_encodes_as_we_do(place, vocab, data, run, sentences):
    transformers = pytest.importorskip("transformers")
    folder = {"vocabulary": vocab, "beside the instances": data / "vocab", "beside the model": run}[place]
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder), split_special_tokens=True)
    assert theirs.is_fast
    assert theirs(sentences, add_special_tokens=False)["input_ids"] == encoded(folder, sentences)


def test_special_tokens_and_pairs(vocab):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(str(vocab))
    ours = load(vocab)
    assert (theirs.cls_token_id, theirs.sep_token_id, theirs.mask_token_id) == (ours.cls, ours.sep, ours.mask)
    pair = theirs("你好", "世界")
    assert pair["input_ids"][0] == ours.cls
    assert [pair["input_ids"].count(ours.sep), pair["input_ids"][-1]] == [2, ours.sep]
    assert sum(pair["token_type_ids"]) == 3


def test_the_model_loads_and_says_the_same(run, data):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from zhprep.models.checkpoints.files import load_model

    theirs = transformers.BertForMaskedLM.from_pretrained(str(run)).eval()
    ids = torch.tensor([read_instances(data).table["input_ids"][0].as_py()])
    with torch.inference_mode():
        expected = theirs(input_ids=ids).logits
    ours = load_model(run).eval()
    batch = {
        "input_ids": ids,
        "token_type_ids": torch.zeros_like(ids),
        "masked_positions": torch.arange(ids.shape[1]),
        "masked_labels": ids[0],
    }
    with torch.inference_mode():
        assert torch.allclose(ours.predictions(batch)["mlm"].logits, expected[0], atol=1e-4)


def test_nothing_of_the_folder_is_a_pickle(run, data, vocab, tmp_path):
    for folder in (run, data, vocab):
        copy = shutil.copytree(folder, tmp_path / folder.name)
        names = {path.suffix for path in copy.rglob("*") if path.is_file()}
        assert names <= {".json", ".jsonl", ".arrow", ".txt", ".safetensors"}, names
    assert json.loads((run / "config.json").read_text("utf-8"))["model_type"] == "bert"
