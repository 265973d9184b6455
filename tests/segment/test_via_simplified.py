"""Traditional text read through its Simplified shadow: the words of the text as written."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pytest
from command_line import zhprep

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.core.simplified import shadow
from zhprep.recipes import load_recipe, recipe_names
from zhprep.segment import SegmentConfig, Segmenter, build, load_engine
from zhprep.segment.score import score

opencc = pytest.importorskip("opencc")
WRITTEN = "歐幾里得在西元前三世紀的時候已經注意到臺灣大學圖書館。"


def test_words_of_the_text_as_written() -> None:
    plain, via = Segmenter(SegmentConfig()), Segmenter(SegmentConfig(via_simplified=True))
    [words] = via.cut([WRITTEN])
    assert "".join(words) == WRITTEN
    assert {"歐幾里得", "世紀", "時候", "已經", "圖書館"} <= set(words)
    assert "歐幾里得" not in plain.cut([WRITTEN])[0]
    assert plain.fingerprint() != via.fingerprint()


@pytest.mark.parametrize("cws", ["jieba", "max-match", "characters"])
def test_any_engine_cuts_the_shadow(cws: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "words.txt").write_text("图书馆\n已经\n臺灣大學\n", "utf-8")
    config = SegmentConfig(cws=cws, via_simplified=True, lexicon=str(tmp_path / "words.txt"))
    batch = pa.RecordBatch.from_pydict({"doc": ["1"], "sentences": [[WRITTEN, "", "好"]]}, schema=schema.TEXT)
    account = Account()
    [row] = build(config)(batch, account).to_pylist()
    assert row["sentences"] == [WRITTEN, "", "好"]
    read = shadow(pa.array([WRITTEN, "", "好"])).to_pylist()
    assert Segmenter(SegmentConfig(cws=cws, lexicon=config.lexicon)).cut(read)[2] == ["好"]
    expected = Segmenter(config).engine.cut(read)
    assert [len(ends) for ends in row["ends"]] == [len(words) for words in expected]
    assert account.counts["sentences_via_simplified"] == 1


def test_entries_of_the_user_may_be_traditional(tmp_path: pathlib.Path) -> None:
    (tmp_path / "words.txt").write_text("臺灣大學圖書館 9999\n《紅樓夢》\n", "utf-8")
    segmenter = Segmenter(SegmentConfig(via_simplified=True, user_dictionary=str(tmp_path / "words.txt")))
    [words] = segmenter.cut([WRITTEN + "《紅樓夢》"])
    assert {"臺灣大學圖書館", "《紅樓夢》"} <= set(words)


def test_words_made_elsewhere_stay_as_they_are() -> None:
    line = "臺灣 大學 ▁ 很\\▁"
    config = SegmentConfig(cws="presegmented", via_simplified=True)
    assert Segmenter(config).cut([line]) == Segmenter(SegmentConfig(cws="presegmented")).cut([line])


def test_simplified_text_is_as_it_was(sample_data: pathlib.Path, tmp_path: pathlib.Path) -> None:
    text = sample_data / "corpus" / "news.txt"
    hashes = {
        zhprep("segment", text, "-o", tmp_path / name, "--json", "--quiet", *flags).report["content_sha256"]
        for name, flags in (("a", ()), ("b", ("--via-simplified",)))
    }
    assert len(hashes) == 1


def test_a_note_where_most_of_the_text_is_traditional(tmp_path: pathlib.Path) -> None:
    (tmp_path / "text.txt").write_text(f"{WRITTEN}\n{WRITTEN}\n好\n", "utf-8")
    plain = zhprep("segment", tmp_path / "text.txt", "-o", tmp_path / "a", "--json")
    assert "67% of the sentences looked at are Traditional" in plain.report["notes"][0]
    assert "--via-simplified" in plain.err
    via = zhprep("segment", tmp_path / "text.txt", "-o", tmp_path / "b", "--json", "--via-simplified").report
    assert "notes" not in via
    assert via["sentences_via_simplified"] == 2
    (tmp_path / "text.txt").write_text(f"{WRITTEN}\n好\n", "utf-8")
    assert "notes" not in zhprep("segment", tmp_path / "text.txt", "-o", tmp_path / "c", "--json").report


def test_recipes_read_so() -> None:
    assert all(load_recipe(name)["segment"]["via_simplified"] for name in recipe_names())


def test_scores_of_traditional_gold_are_those_of_simplified(shared_data: pathlib.Path) -> None:
    convert = opencc.OpenCC("s2t").convert
    via = Segmenter(SegmentConfig(via_simplified=True))
    for name in ("cityu", "msr", "pku"):
        lines = (shared_data / "cws_gold" / f"sighan2005_{name}_test_gold.txt").read_text("utf-8").split("\n")
        traditional = convert("\n".join(lines)).split("\n")
        simplified = score(load_engine(SegmentConfig()), lines)["f1"]
        assert score(via, traditional)["f1"] == pytest.approx(simplified, abs=0.001)
        assert score(load_engine(SegmentConfig()), traditional)["f1"] < simplified - 0.06
