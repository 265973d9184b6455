"""A small vocabulary and small folders of instances for the tests of the training code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from zhprep.core import schema

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SENTENCES = [
    "我在北京喝茶。",
    "他在上海喝水。",
    "她爱吃苹果。",
    "今天天气很好！",
    "明天下雨吗？",
    "学生在学校看书。",
    "猫坐在桌子上。",
    "𠮷野家很好吃。",
]
CHARACTERS = sorted({character for sentence in SENTENCES for character in sentence})
TOKENS = [*SPECIALS, *CHARACTERS]
SETTINGS = {"mask": "char", "seed": 5}
IDS = {token: number for number, token in enumerate(TOKENS)}


def write_vocabulary(folder: Path) -> Path:
    """Write the tokenizer files of a vocabulary of single characters."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.WordPiece(IDS, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in TOKENS), encoding="utf-8")
    names = ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"]
    specials = dict(zip(names, SPECIALS, strict=True))
    described = {"tokenizer_class": "BertTokenizer", "model_max_length": 512, "do_lower_case": True, **specials}
    (folder / "tokenizer_config.json").write_text(json.dumps(described), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(specials), encoding="utf-8")
    return folder


def pair(number: int) -> dict[str, object]:
    """Return the instance of two sentences with ``number``; in even ones the second is the first's neighbour."""
    first = [IDS[character] for character in SENTENCES[number % 8]]
    second = [IDS[character] for character in SENTENCES[(number + 1 + number % 2 * (number // 8 % 6 + 1)) % 8]]
    ids = [IDS["[CLS]"], *first, IDS["[SEP]"], *second, IDS["[SEP]"]]
    return {
        "input_ids": ids,
        "token_type_ids": [0] * (len(first) + 2) + [1] * (len(second) + 1),
        "word_ids": [-1, *range(len(first)), -1, *range(len(first), len(first) + len(second)), -1],
        "next_sentence_label": number % 2,
        "instance_id": (number // 100 << 32) | number % 100,
    }


def masked(row: dict[str, object], dupe: int) -> dict[str, object]:
    """Return ``row`` with its fourth to sixth token masked on disk."""
    ids = list(row["input_ids"])  # type: ignore[call-overload]
    positions = [3 + dupe, 4 + dupe]
    labels = [ids[position] for position in positions]
    for position in positions:
        ids[position] = IDS["[MASK]"]
    return row | {"input_ids": ids, "masked_lm_positions": positions, "masked_lm_ids": labels, "dupe": dupe}


def write_instances(
    folder: Path, n_rows: int = 200, *, static: bool = False, shards: int = 2, batch: int = 37, **settings: object
) -> Path:
    """Write ``n_rows`` instances as Arrow streams with a manifest; ``static`` ones are masked twice over."""
    rows = [pair(number) for number in range(n_rows)]
    if static:
        rows = [masked(row, dupe) for dupe in (0, 1) for row in rows]
    layout = schema.instances(list(rows[0]), pa.uint16())
    folder.mkdir(parents=True, exist_ok=True)
    for shard, numbers in enumerate(np.array_split(np.arange(len(rows)), shards)):
        table = pa.Table.from_pylist([rows[number] for number in numbers], schema=layout)
        with pa.ipc.new_stream(folder / f"data-{shard:05d}-of-{shards:05d}.arrow", layout) as writer:
            writer.write_table(table, max_chunksize=batch)
    shards_ = [{"name": path.name, "bytes": path.stat().st_size} for path in sorted(folder.glob("data-*"))]
    config = {"instances": SETTINGS | settings}
    manifest = {"table": "instances", "version": schema.VERSION, "shards": shards_, "config": config}
    manifest["content_sha256"] = f"{n_rows} rows, static {static}"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def nano(**settings: object) -> dict[str, object]:
    """Return the ``[model]`` section of a recipe: BERT with a size ``nano`` of two layers of 32."""
    sizes = {
        "nano": {
            "num_hidden_layers": 2,
            "hidden_size": 32,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "max_position_embeddings": 32,
        }
    }
    return {"objectives": ["mlm", "next_sentence"], "sizes": sizes, **settings}
