"""pkuseg's parts against plain re-tellings of what they do, on small models made here."""

from __future__ import annotations

import contextlib
import itertools
import json
import pathlib
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from command_line import environment, zhprep
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.errors import DataError, UsageError
from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.pkuseg import decode as decoding
from zhprep.segment.pkuseg import merge as merging
from zhprep.segment.pkuseg.convert import convert
from zhprep.segment.pkuseg.decode import decode
from zhprep.segment.pkuseg.forced import ForcedWords
from zhprep.segment.pkuseg.merge import Merger
from zhprep.segment.pkuseg.model import PkusegModel
from zhprep.segment.pkuseg.table import FeatureTable

TAGS = {"B": 0, "B_single": 1, "I": 2, "I_end": 3, "I_first": 4}
LETTERS = "中国人民大会&A"
NODES = [*LETTERS, "**Num", "**Letter"]


@given(st.dictionaries(st.integers(0, 2**40), st.integers(0, 2**31 - 1), max_size=200), st.lists(st.integers(0, 2**40)))
def test_table_is_a_dict(entries: dict[int, int], others: list[int]) -> None:
    table = FeatureTable.build(np.array(list(entries), np.uint64), np.array(list(entries.values()), np.int32))
    asked = [*entries, *others]
    assert table.find(np.array(asked, np.uint64)).tolist() == [entries.get(key, -1) for key in asked]


def naive_decode(scores: list[list[float]], arcs: list[list[float]]) -> list[int]:
    best, back = scores[-1], []
    for here in reversed(scores[:-1]):
        following, pointers = [], []
        for tag, score in enumerate(here):
            value, pointer = None, 0
            for after, reached in enumerate(best):
                total = reached + score + arcs[tag][after]
                if value is None or total >= value:
                    value, pointer = total, after
            following.append(value)
            pointers.append(pointer)
        best, back = following, [pointers, *back]  # type: ignore[assignment]
    tags = [best.index(max(best))]
    for pointers in back:
        tags.append(pointers[tags[-1]])
    return tags


@pytest.mark.parametrize(("together", "long"), [(4096, 2000), (3, 2000), (4096, 4), (4096, 0)])
def test_decode_with_ties(together: int, long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_TOGETHER", together)
    monkeypatch.setattr(decoding, "_LONG", long)
    draw = np.random.default_rng(3)
    lengths = draw.integers(1, 9, 40)
    starts = np.cumsum(lengths + 2) - lengths
    scores = draw.integers(-2, 3, (int(starts[-1] + lengths[-1]) + 3, 5)).astype(np.float64)  # whole numbers tie often
    arcs = draw.integers(-1, 2, (5, 5)).astype(np.float64)
    tags = decode(scores, arcs, starts, lengths)
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        expected = naive_decode(scores[start : start + length].tolist(), arcs.tolist())
        assert tags[start : start + length].tolist() == expected


def naive_merge(words: list[str], known: set[str]) -> list[str]:
    words = list(words)
    for size in range(7, 1, -1):
        end, i = len(words) - size, 0
        while end >= 0 and i < end + 1:
            joined = "".join(words[i : i + size])
            if joined in known and not all(word in known for word in words[i : i + size]):
                del words[i : i + size]
                words.insert(i, joined)
                end = len(words) - size
            i += 1
    return words


def test_merge_windows_and_words_that_are_known_already() -> None:
    assert Merger(["一二三四五六七"]).merge(list("一二三四五六七八")) == ["一二三四五六七", "八"]
    assert Merger(["中国人民", "中国", "人民"]).merge(["中国", "人民"]) == ["中国", "人民"]
    assert Merger(["中国人民", "中国"]).merge(["中国", "人民"]) == ["中国人民"]
    assert Merger(["甲乙", "甲乙丙"]).merge(["甲", "乙", "丙"]) == ["甲乙丙"]


WORDS = st.lists(st.text("甲乙", min_size=1, max_size=2), min_size=1, max_size=10)


@given(st.sets(st.text("甲乙", min_size=1, max_size=8), max_size=60), st.lists(WORDS, min_size=1, max_size=5))
def test_merges_and_candidates(known: set[str], fragments: list[list[str]]) -> None:
    bits, merging._FILTER_BITS = merging._FILTER_BITS, 6  # a small filter errs often, and must not show it
    try:
        merger = Merger(known)
        text = "".join(itertools.chain(*fragments))
        ends = np.cumsum([len(word) for words in fragments for word in words])
        numbers = np.repeat(np.arange(len(fragments)), [len(words) for words in fragments])
        found = merger.candidates(text, np.concatenate(([0], ends[:-1])), ends, numbers).tolist()
    finally:
        merging._FILTER_BITS = bits
    assert [merger.merge(words) for words in fragments] == [naive_merge(words, known) for words in fragments]
    assert found == [i for i, words in enumerate(fragments) if naive_merge(words, known) != words]


def make_model(folder: pathlib.Path, seed: int = 1) -> pathlib.Path:
    """Write a wheel with a small model of random weights in pkuseg's form."""
    draw = random.Random(seed)
    words = sorted({"".join(draw.choices(LETTERS, k=draw.randint(2, 6))) for _ in range(80)} | {"中国", "人民"})
    names = ["$$", *(f"{kind}.{node}" for kind in ("c", "c-1", "c1", "c-2", "c2") for node in NODES)]
    pairs = [f"{a}.{b}" for a in NODES for b in NODES if draw.random() < 0.7]
    names += [f"{kind}.{pair}" for kind in ("c-1c", "cc1", "c-2c-1") for pair in pairs]
    names += [f"{kind}.{word}" for kind in ("w-1", "w1") for word in words if draw.random() < 0.9]
    names += [f"{kind}.{a}*{b}" for kind in ("ww.l", "ww.r") for a in words for b in words if draw.random() < 0.5]
    words += ["", "7月", "**", "a,b"]  # such entries are in the real model, without features
    model = {"unigram": words, "bigram": [], "feature_to_idx": {n: i for i, n in enumerate(names)}, "tag_to_idx": TAGS}
    weights = np.random.default_rng(seed).normal(size=len(names) * 5 + 25)
    weights[-25:] *= 3
    np.savez(folder / "weights.npz", sizes=np.array([5, len(names)]), w=weights)
    wheel = folder / "pkuseg.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pkuseg/models/default/features.pkl", pickle.dumps(model))
        archive.writestr("pkuseg/models/default/weights.npz", (folder / "weights.npz").read_bytes())
        archive.writestr("pkuseg/dicts/default.pkl", pickle.dumps("中国人\n大会\n人民大会\n"))
    return wheel


class Naive:
    """pkuseg's way: every feature a string, one character after the other."""

    def __init__(self, wheel: pathlib.Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            model = pickle.loads(archive.read("pkuseg/models/default/features.pkl"))
            with archive.open("pkuseg/models/default/weights.npz") as file, np.load(file) as weights:
                flat = weights["w"]
        self.features, self.words = model["feature_to_idx"], set(model["unigram"])
        self.weights = flat[:-25].reshape(-1, 5)
        self.arcs = (1 + flat[-25:].reshape(5, 5).T).tolist()

    def node(self, character: str) -> str:
        character = "&" if character in "-._,|/*:" else character
        if character in "0123456789几二三四五六七八九十千万亿兆零１２３４５６７８９０％":
            return "**Num"
        return "**Letter" if character in "ＡＢｚ／・－" else character

    def names(self, nodes: list[str], i: int) -> list[str]:
        size = len(nodes)

        def at(start: int, length: int) -> str:
            inside = start >= 0 and start + length <= size
            word = "".join(nodes[start : start + length]) if inside else ""
            return word if word in self.words else "**noWord"

        names = [f"c.{nodes[i]}"]
        names += [f"c-1.{nodes[i - 1]}", f"c-1c.{nodes[i - 1]}.{nodes[i]}"] if i > 0 else []
        names += [f"c1.{nodes[i + 1]}", f"cc1.{nodes[i]}.{nodes[i + 1]}"] if i + 1 < size else []
        names += [f"c-2.{nodes[i - 2]}", f"c-2c-1.{nodes[i - 2]}.{nodes[i - 1]}"] if i > 1 else []
        names += [f"c2.{nodes[i + 2]}"] if i + 2 < size else []
        lengths = range(6, 1, -1)
        ending, beginning = [at(i - n + 1, n) for n in lengths], [at(i, n) for n in lengths]
        before, after = [at(i - n, n) for n in lengths], [at(i + 1, n) for n in lengths]
        names += [f"w-1.{word}" for word in ending] + [f"w1.{word}" for word in beginning]
        names += [f"ww.l.{a}*{b}" for a in before for b in beginning]
        return names + [f"ww.r.{a}*{b}" for a in ending for b in after]

    def cut(self, fragment: str) -> list[str]:
        nodes = [self.node(character) for character in fragment]
        scores = []
        for i in range(len(nodes)):
            score = self.weights[0].copy()
            for name in self.names(nodes, i):
                if name in self.features:
                    score += self.weights[self.features[name]]
            scores.append(score.tolist())
        words: list[str] = []
        for tag, character in zip(naive_decode(scores, self.arcs), fragment, strict=True):
            if tag in (0, 1) or not words:
                words.append(character)
            else:
                words[-1] += character
        return naive_merge(words, {"中国人", "大会", "人民大会"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return make_model(tmp_path_factory.mktemp("pkuseg"))


@pytest.fixture(scope="module")
def model(wheel: pathlib.Path) -> str:
    convert(str(wheel), str(wheel.parent / "model"))
    return str(wheel.parent / "model")


@given(st.lists(st.text(LETTERS + "7三ＡB,-* 　\n好\0", max_size=25), max_size=6))
def test_same_words_as_pkusegs_way(wheel: pathlib.Path, model: str, sentences: list[str]) -> None:
    naive, engine = Naive(wheel), load_engine(SegmentConfig(cws="pkuseg", model=model))
    for sentence, found in zip(sentences, engine.cut(sentences), strict=True):
        assert [word for word in found if not word.isspace()] == [
            w for part in sentence.split() for w in naive.cut(part)
        ]
        assert "".join(found) == sentence


def test_same_words_where_words_of_the_model_meet(wheel: pathlib.Path, model: str) -> None:
    naive, engine, draw = Naive(wheel), load_engine(SegmentConfig(cws="pkuseg", model=model)), random.Random(7)
    known = [word for word in naive.words if 2 <= len(word) <= 6]
    sentences = ["".join(draw.choice([*known, *known, *"7,-Ａ&好"]) for _ in range(8)) for _ in range(150)]
    assert engine.cut(sentences) == [naive.cut(sentence) for sentence in sentences]


def test_pieces_and_batches_do_not_show(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(5)
    sentences = ["".join(draw.choices(LETTERS + " 7", k=draw.randint(0, 40))) for _ in range(60)]
    whole = load_engine(SegmentConfig(cws="pkuseg", model=model)).cut(sentences)
    monkeypatch.setattr("zhprep.segment.pkuseg.model._PIECE", 50)
    monkeypatch.setattr("zhprep.segment.engines.pkuseg._BATCH", 200)
    assert load_engine(SegmentConfig(cws="pkuseg", model=model)).cut(sentences) == whole


def test_forced_words_are_pkusegs_with_its_quirk(tmp_path: pathlib.Path, model: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text("国人\tn\n国人民大会\n", "utf-8")
    words = ForcedWords(["国人", "国人民大会"])
    assert words.find("中国人中", np.ones(4, np.bool_)) == [(1, 3)]
    assert words.find("中国人民中", np.ones(5, np.bool_)) == [(1, 4)]  # 国人 and the 民 at which the trie went on
    assert words.find("中国人民", np.ones(4, np.bool_)) == [(1, 3)]  # but not at the end of a fragment
    engine = load_engine(SegmentConfig(cws="pkuseg", model=model, user_dictionary=str(path)))
    assert "国人" in engine.cut(["中国人中"])[0]
    assert engine.fingerprint() != load_engine(SegmentConfig(cws="pkuseg", model=model)).fingerprint()


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("it ran",))


def test_model_with_code_in_it_is_refused(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_model(tmp_path)
    folder = tmp_path / "source"
    folder.mkdir()
    (tmp_path / "weights.npz").rename(folder / "weights.npz")
    (folder / "features.pkl").write_bytes(pickle.dumps({"feature_to_idx": Evil()}))
    with pytest.raises(DataError, match=r"the model asks for builtins\.print"):
        convert(str(folder), str(tmp_path / "out"))
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_is_said(tmp_path: pathlib.Path, model: str) -> None:
    with pytest.raises(UsageError, match="needs its model"):
        load_engine(SegmentConfig(cws="pkuseg"))
    with pytest.raises(UsageError, match="no converted pkuseg model"):
        load_engine(SegmentConfig(cws="pkuseg", model=str(tmp_path)))
    with pytest.raises(UsageError, match="exists"):
        convert(str(tmp_path), str(tmp_path))
    with pytest.raises(UsageError, match=r"no features\.pkl"):
        convert(str(tmp_path), str(tmp_path / "out"))
    (tmp_path / "broken.whl").write_bytes(b"no archive")
    with pytest.raises(UsageError, match="cannot read"):
        convert(str(tmp_path / "broken.whl"), str(tmp_path / "out"))
    about = json.loads((pathlib.Path(model) / "model.json").read_text("utf-8"))
    (tmp_path / "model.json").write_text(json.dumps(about | {"format": 0}), "utf-8")
    with pytest.raises(UsageError, match="another format"):
        load_engine(SegmentConfig(cws="pkuseg", model=str(tmp_path)))


def variants(data: bytes) -> list[bytes]:
    """Return ``data`` cut, and with single bits turned over."""
    places = [len(data) * part // 12 for part in range(12)]
    return [data[:place] for place in places] + [
        data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :] for place in places
    ]


def test_a_damaged_source_is_an_error_or_harmless(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Never a traceback, and never half a model."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name.rsplit("/", 1)[1]: archive.read(name) for name in archive.namelist()}
    folder, out = tmp_path / "source", tmp_path / "out"
    (folder / "dicts").mkdir(parents=True)
    places = {name: folder / ("dicts" if name == "default.pkl" else "") / name for name in files}
    for name, data in files.items():
        places[name].write_bytes(data)
    model = pickle.loads(files["features.pkl"])
    spoilt = {name: variants(data) for name, data in files.items()}
    spoilt["features.pkl"] += [
        pickle.dumps(value)
        for value in (
            {}, {**model, "tag_to_idx": {}}, {**model, "tag_to_idx": {"B": 1}}, {**model, "unigram": [1]},
            {**model, "feature_to_idx": dict.fromkeys(model["feature_to_idx"], 1)}, {**model, "feature_to_idx": {1: 0}},
        )
    ]  # fmt: skip
    for arrays in ({"sizes": np.zeros(2)}, {"w": np.array(["a"])}, {"w": np.zeros((2, 2))}, {"w": np.zeros(())}):
        np.savez(tmp_path / "other.npz", **arrays)
        spoilt["weights.npz"].append((tmp_path / "other.npz").read_bytes())
    refused = 0
    for name, path in places.items():
        for data in spoilt[name]:
            path.write_bytes(data)
            try:
                convert(str(folder), str(out))
            except (DataError, UsageError):
                refused += 1
                assert [left.name for left in tmp_path.iterdir() if left.name not in ("source", "other.npz")] == []
            else:
                PkusegModel(str(out))
                shutil.rmtree(out)
        path.write_bytes(files[name])
    assert refused > 40
    for data in variants(wheel.read_bytes()):
        (tmp_path / "pkuseg.whl").write_bytes(data)
        with contextlib.suppress(DataError, UsageError):
            convert(str(tmp_path / "pkuseg.whl"), str(out))
            shutil.rmtree(out)


def test_a_damaged_model_is_refused(model: str, tmp_path: pathlib.Path, sample_data: pathlib.Path) -> None:
    """Every file is held to its hash: none cuts otherwise under the same fingerprint."""
    copy = shutil.copytree(model, tmp_path / "model")
    for path in sorted(copy.iterdir()):
        sound = path.read_bytes()
        for data in (None, b"", sound[:-1], sound[: len(sound) // 2], sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:]):
            path.unlink() if data is None else path.write_bytes(data)
            if path.name == "model.json" and data == sound[:-1]:
                continue  # the line break at its end
            with pytest.raises((DataError, UsageError), match=re.escape(str(copy))):
                PkusegModel(str(copy))
        path.write_bytes(sound)
    PkusegModel(str(copy))
    for about in ([], {"format": 2}, {"format": 2, "tags": [1]}):
        (copy / "model.json").write_text(json.dumps(about))
        with pytest.raises((DataError, UsageError), match=re.escape(str(copy))):
            PkusegModel(str(copy))
    shutil.copy(pathlib.Path(model) / "model.json", copy)
    (copy / "bias.npy").write_bytes(b"")
    told = zhprep("segment", sample_data / "corpus" / "news.txt", "--cws", "pkuseg", "--model", copy)
    assert told.code == 3
    assert f"{copy / 'bias.npy'}: is not the file that was written" in told.err


def test_a_model_is_there_whole_or_not_at_all(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Killed in the midst of writing (by the signal of a file that grows too large); a disk on which there is no more."""
    script = (
        "import resource, signal, sys\nfrom zhprep.segment.pkuseg.__main__ import main\n"
        "if sys.argv.pop() == 'killed': signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\nsys.exit(main())\n"
    )
    command = [sys.executable, "-c", script, str(wheel), str(tmp_path / "out")]
    killed = subprocess.run([*command, "killed"], env=environment(PYTHONDONTWRITEBYTECODE="1"), check=False)
    assert killed.returncode == -signal.SIGXFSZ
    assert not (tmp_path / "out").exists()
    full = subprocess.run([*command, "full"], env=environment(PYTHONDONTWRITEBYTECODE="1"), capture_output=True)
    assert full.returncode == 2
    assert full.stderr.decode().startswith(f"Error: '{tmp_path / 'out'}' cannot be written: ")
    assert list(tmp_path.iterdir()) == []


def test_command(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    command = [sys.executable, "-m", "zhprep.segment.pkuseg", str(wheel)]
    good = subprocess.run([*command, str(tmp_path / "out")], capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    bad = subprocess.run([*command, str(tmp_path / "out")], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert bad.stderr.startswith("Error: ")
