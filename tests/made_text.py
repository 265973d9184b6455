"""Text for the tests of vocabularies: a few lines of a corpus, and odd text that hypothesis puts together."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import strategies as st

from zhprep.core import schema

LINES = [
    "使用语言模型来预测下一个词的概率。今天天气很好！",
    "研究生命的起源，是“科学家”们的工作……他说：‘是的’。",
    "GPT-4 and GPT-3 are language models; modelling the languages of the world.",
    "3D打印的 A股 T恤，价格是 1,024.50 元（约 150 美元）— 很便宜！",
    "我们在北京喝茶，他们在上海喝咖啡。我们研究语言，他们研究生命。",
    "カタカナ と ひらがな、한국어 문장, Ünïcödé straße İstanbul",
    "《红楼梦》·第一回 甄士隐梦幻识通灵",
    "the models model the modelling of models",
    "",
]
WORDS = [
    "使用 语言 模型 来 预测 下 一个 词 的 概率 。 今天 天气 很 好 ！",
    "研究 生命 的 起源 ， 是 “ 科学家 ” 们 的 工作 …… 他 说 ： ‘ 是 的 ’ 。",
    "GPT-4 ␣ and ␣ GPT-3 ␣ are ␣ language ␣ models ; ␣ modelling ␣ the ␣ languages ␣ of ␣ the ␣ world .",
    "3D 打印 的 ␣ A股 ␣ T恤 ， 价格 是 ␣ 1,024.50 ␣ 元 （ 约 ␣ 150 ␣ 美元 ） — ␣ 很 便宜 ！",
    "我们 在 北京 喝茶 ， 他们 在 上海 喝 咖啡 。 我们 研究 语言 ， 他们 研究 生命 。",
    "カタカナ ␣ と ␣ ひらがな 、 한국어 ␣ 문장 , ␣ Ünïcödé ␣ straße ␣ İstanbul",
    "《 红楼梦 》 · 第一回 ␣ 甄士隐 梦幻 识 通灵",
    "the ␣ models ␣ model ␣ the ␣ modelling ␣ of ␣ models",
    "",
]

_PARTS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("的一是在不了有和人我们研究生命，。！？：；（）“”‘’…—·《》〇々"),
    st.sampled_from("abcABC123 İßéÅﬁΣς'’._-+%#@&"),
    st.sampled_from(
        ["'s", "'re", "don't", " \t", "\u3000", "\u2002\u2002", "  ", "\n", "\r\n", "\u2028", "\x00", "\x07", "\ufffd"]
    ),
    st.sampled_from(
        [
            "e\u0301",
            "か\u3099",
            "\u0327\u0301",
            "\u200b",
            "\u200d",
            "\ufeff",
            "👩‍👩‍👧",
            "👍🏽",
            "🇨🇳",
            "\ufe0f",
            "\u202e",
        ]
    ),
    st.sampled_from(
        ["𠀀", "𪚥", "𫝀", "𰀀", "豈", "\U0002f800", "\ue000", "한글", "ㄅㄆ", "ﷺ", "㍿", "Ⅷ", "ａＢ１", "\U000e0001"]
    ),
    st.sampled_from(
        ["[MASK]", "[SEP]", "[UNK]", "[", "]", "[CLS", "mask]", "[unused1]", "##", "##的", "Ġ", "models", "GPT-4"]
    ),
)
TEXT = st.lists(_PARTS, max_size=24).map("".join)
"""Text of any kind, with what breaks tokenisers more often than chance would have it."""


def text_batch(lines: list[str], doc: str = "made") -> pa.RecordBatch:
    """Return one document of ``lines``."""
    return pa.record_batch([pa.array([doc]), pa.array([lines], pa.list_(pa.string()))], schema=schema.TEXT)


def word_batch(lines: list[list[str]], doc: str = "made") -> pa.RecordBatch:
    """Return one document of lines of words."""
    columns = [
        pa.array([doc]),
        pa.array([["".join(words) for words in lines]], pa.list_(pa.string())),
        pa.array([[ends_of(words) for words in lines]], pa.list_(pa.list_(pa.int32()))),
    ]
    return pa.record_batch(columns, schema=schema.WORDS)


def ends_of(words: list[str]) -> list[int]:
    """Return where each word ends."""
    ends, place = [], 0
    for word in words:
        place += len(word)
        ends.append(place)
    return ends


def made_words() -> list[list[str]]:
    """Return ``LINES`` in words, spaces among them."""
    return [[" " if word == "␣" else word for word in line.split()] for line in WORDS]
