from __future__ import annotations

import hashlib
import itertools
import re
import shutil

import numpy as np
import pytest
from command_line import made_by, refused, zhprep
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from training_data import CHARACTERS, IDS

from zhprep.core.shards import open_table
from zhprep.evaluate.encode import Segment, TaskEncoder, begins_of, characters_of, fit, windows
from zhprep.evaluate.sounds import USUAL, WordSource, word_source
from zhprep.pinyin.syllables import names
from zhprep.pretrain.words import carry_lists
from zhprep.vocab import load

texts = st.lists(st.text(st.sampled_from([*CHARACTERS, "龘", " "]), max_size=12), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def vocabulary(data):
    return load(data / "vocab")


def laid_out(encoder: TaskEncoder, *columns: list[str]):
    return encoder.lay_out(encoder.fitted([Segment(encoder.texts(column)) for column in columns]))


def row(rows, name: str, number: int) -> list[int]:
    return rows.lists[name].row(number).tolist()


@given(first=texts, second=texts)
def test_rows_are_laid_out_as_the_tokenizer_has_them(vocabulary, data, first, second):
    n_rows = min(len(first), len(second))
    tokenizer = Tokenizer.from_file(str(data / "vocab" / "tokenizer.json"))
    rows = laid_out(TaskEncoder(vocabulary, 512), first[:n_rows], second[:n_rows])
    cls, sep = IDS["[CLS]"], IDS["[SEP]"]
    for number, (one, two) in enumerate(zip(first, second, strict=False)):
        a, b = (tokenizer.encode(text, add_special_tokens=False).ids for text in (one, two))
        assert row(rows, "input_ids", number) == [cls, *a, sep, *b, sep]
        assert row(rows, "token_type_ids", number) == [0] * (len(a) + 2) + [1] * (len(b) + 1)


def test_single_texts_are_cut_at_their_end(vocabulary):
    rows = laid_out(TaskEncoder(vocabulary, 5), ["我在北京喝茶", "猫", ""])
    found = [row(rows, "input_ids", number) for number in range(3)]
    assert found == [[2, IDS["我"], IDS["在"], IDS["北"], 3], [2, IDS["猫"], 3], [2, 3]]
    assert not rows.lists["token_type_ids"].values.any()


@given(first=st.integers(0, 40), second=st.integers(0, 40), most=st.integers(5, 40))
def test_the_longer_text_gives_up_tokens_one_by_one(first, second, most):
    """The slow way: take one from the longer until they fit; of equal ones the second gives."""
    one, two = first, second
    while one + two > most:
        if one > two:
            one -= 1
        else:
            two -= 1
    kept = fit([np.array([first]), np.array([second])], most)
    assert [int(length[0]) for length in kept] == [one, two]


@given(lengths=st.lists(st.integers(0, 30), min_size=1, max_size=5), room=st.integers(1, 9), stride=st.integers(0, 12))
def test_windows_cover_texts(lengths, room, stride):
    which, first, size = windows(np.array(lengths), np.full(len(lengths), room), stride)
    assert size.max() <= room
    for text, length in enumerate(lengths):
        mine = [range(begin, begin + n) for begin, n in zip(first[which == text], size[which == text], strict=True)]
        assert {token for window in mine for token in window} == set(range(length))
        assert len(mine) >= 1
        assert all(later.start - one.start == min(stride or room, room) for one, later in itertools.pairwise(mine))


def test_characters_go_with_the_tokens_that_hold_them(vocab, tmp_path):
    """Of words, parts of words and bytes alike: each character once, with the first token that it is in."""
    text = ["我用 Linux 看书，𠮷！", "好"]
    bbpe = train_bytes(tmp_path)
    for folder in (vocab, bbpe):
        encoder = TaskEncoder(load(folder), 64)
        segment = Segment(encoder.texts(text))
        begins = begins_of([segment])[0]
        found, rows = characters_of(segment, begins), encoder.lay_out([segment])
        assert [text[0][point] for point in found.points.row(0)] == [c for c in text[0] if c != " "]
        encoded = segment.source.encoded
        for point, token, place in zip(found.points.row(0), found.tokens.row(0), found.places.row(0), strict=True):
            assert encoded.starts[token - 1] + place == point < encoded.stops[token - 1]
            assert all(encoded.stops[earlier] <= point for earlier in range(token - 1))
        assert row(rows, "input_ids", 0)[1:-1] == encoded.ids[: encoded.sentence_offsets[1]].tolist()


def train_bytes(folder):
    """A vocabulary of bytes and few merges, so that a character is several tokens."""
    (folder / "corpus.txt").write_text("我看书。\n你看书。\n我用电脑。\n" * 9, "utf-8")
    return made_by("build-vocab", folder / "corpus.txt", "--type", "bbpe", "--size", 280, output=folder / "bbpe")


def test_texts_are_read_aloud_where_a_model_needs_it(vocab):
    encoder = TaskEncoder(load(vocab), 12, ["pinyin_ids"])
    rows = laid_out(encoder, ["他去银行取钱", "abc好", ""], ["行走，OK", "", "银行"])
    heard = [[names()[sound] for sound in row(rows, "pinyin_ids", number)] for number in range(3)]
    read = [[encoder.vocabulary.tokens[token] for token in row(rows, "input_ids", number)] for number in range(3)]
    sounds = [list(zip(*pair, strict=True)) for pair in zip(read, heard, strict=True)]
    assert sounds[0][3:7] == [("银", "yin2"), ("行", "hang2"), ("取", "qu3"), ("[SEP]", "")]  # 钱 is cut off
    assert sounds[0][7:10] == [("行", "xing2"), ("走", "zou3"), ("，", "")]
    assert [sound for _, sound in sounds[1] if sound] == ["hao3"]
    assert sounds[2] == [("[CLS]", ""), ("[SEP]", ""), ("银", "yin2"), ("行", "hang2"), ("[SEP]", "")]


SHORT = ("--size", "tiny", "--steps", 1, "--batch-size", 2, "--threads", 1, "--recipe", "bert-wwm")


@pytest.fixture(scope="module")
def own_words(tmp_path_factory):
    """A folder with a list of words that jieba never finds, instances cut by it, and a run on these."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "words.txt").write_text(
        "".join(f"{word} 9\n" for word in ["我看", "书我", "看书", "。我", "看。"]), "utf-8"
    )
    (folder / "corpus.txt").write_text("我看书我看书。我看。\n" * 9, "utf-8")
    cut = ("--cws", "max-match", "--lexicon", folder / "words.txt")
    segmented = made_by("segment", folder / "corpus.txt", *cut, output=folder / "segmented")
    words = made_by("build-vocab", segmented, "--type", "word", output=folder / "vocab")
    data = made_by("make-instances", segmented, "--vocab", words, output=folder / "data")
    made_by("pretrain", data, *SHORT, output=folder / "run")
    return folder


def tokens_of(run, source: WordSource = WordSource()) -> list[str]:  # noqa: B008  # frozen
    """The tokens of a text in the vocabulary of ``run``, in the words of ``source``."""
    vocabulary = load(run)
    encoder = TaskEncoder(vocabulary, 64, words=source)
    return [vocabulary.tokens[token] for token in encoder.texts(["我看书我看书。我看。"]).encoded.ids]


def test_words_are_those_of_the_segmenter_of_the_run(own_words, vocab):
    """Nothing of a text is known unless the run's segmenter cuts it."""
    run = own_words / "run"
    found, rows = tokens_of(run, word_source(run)), open_table(own_words / "data")["input_ids"]
    assert len(found) < len("我看书我看书。我看。")
    assert "[UNK]" not in found
    assert found == [load(run).tokens[token] for token in rows[0].as_py()[1:][: len(found)]]
    assert tokens_of(run) != found
    assert word_source(vocab) == word_source(own_words) == WordSource(USUAL)


def test_a_list_of_words_travels_with_the_run(own_words, sample_data, tmp_path, request):
    """Moved to a machine without the list, a run cuts the same words; a copy that was changed is refused."""
    run = shutil.copytree(own_words / "run", tmp_path / "run")
    found = tokens_of(own_words / "run", word_source(own_words / "run"))
    (own_words / "words.txt").rename(own_words / "away.txt")
    request.addfinalizer(lambda: (own_words / "away.txt").rename(own_words / "words.txt"))
    source = word_source(run)
    assert source.segment.lexicon == str(run / "segmenter" / "lexicon.txt")
    assert tokens_of(run, source) == found
    task = (sample_data / "tasks" / "topic", "--epochs", 1, "--seeds", 0, "--threads", 1, "--quiet")
    assert zhprep("verify", run).code == 0
    (run / "segmenter" / "lexicon.txt").write_text("看书 9\n", "utf-8")
    refused(zhprep("predict", run, *task), 3, "segmenter/lexicon.txt: its bytes are not those of the manifest")
    (run / "segmenter" / "lexicon.txt").unlink()
    refused(zhprep("predict", run, *task), 3, "segmenter/lexicon.txt: is missing", "copy the whole folder")


def test_a_list_that_does_not_travel_is_held_to_its_hash(own_words, sample_data, tmp_path, monkeypatch):
    """A huge one stays where it is; gone, or another now, it is told, but only by models that need words."""
    monkeypatch.setattr("zhprep.pretrain.words.MOST", 10)
    run, words = made_by("pretrain", own_words / "data", *SHORT, output=tmp_path / "run"), own_words / "words.txt"
    assert not (run / "segmenter").exists()
    written = words.read_bytes()
    assert tokens_of(run, word_source(run)) == tokens_of(own_words / "run", word_source(own_words / "run"))
    task = (sample_data / "tasks" / "topic", "--epochs", 1, "--seeds", 0, "--threads", 1, "--quiet")
    try:
        words.write_text("看书 9\n", "utf-8")
        refused(zhprep("predict", run, *task), 3, "its words were found with 'max-match lexicon", "now", "put back")
        words.unlink()
        refused(
            zhprep("predict", run, *task), 2, f"found with lexicon {words}, which is not there", "max-match lexicon"
        )
        word_source(run)
    finally:
        words.write_bytes(written)


def test_only_the_list_of_the_fingerprint_travels(tmp_path):
    path = tmp_path / "user.txt"
    path.write_text("看书 9\n", "utf-8")
    settings = {"cws": "jieba", "user_dictionary": str(path), "lexicon": None}
    known = f"jieba 0.42.1 dictionary {'1' * 16} user {hashlib.sha256(path.read_bytes()).hexdigest()[:16]} hmm=on"
    other = re.sub("user [0-9a-f]{16}", "user " + "0" * 16, known)
    for fingerprint, travels in ((known, True), ("lac model=x", True), (other, False)):
        run = tmp_path / str(len(list(tmp_path.iterdir())))
        run.mkdir()
        carried = carry_lists(settings, fingerprint, run)
        assert carried == {**settings, "user_dictionary": "segmenter/user_dictionary.txt" if travels else str(path)}
        assert (run / "segmenter" / "user_dictionary.txt").exists() == travels
    assert carry_lists({**settings, "user_dictionary": str(tmp_path / "none")}, known, tmp_path)["user_dictionary"]


def test_words_that_came_with_the_text_are_found_as_usual_in_others(vocab, tmp_path):
    """Their segmenter reads a notation: it would take a text for one word, and its spaces for ends of words."""
    (tmp_path / "words.txt").write_text("我 看 书 。\n我 看 。\n" * 9, "utf-8")
    data = ("--cws", "presegmented", "--vocab", vocab)
    data = made_by("make-instances", tmp_path / "words.txt", *data, output=tmp_path / "data")
    assert word_source(made_by("pretrain", data, *SHORT, output=tmp_path / "run")) == WordSource(USUAL)
