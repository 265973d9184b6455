"""``-o FILE``: nothing that is there is written over by accident, and nothing that is read ever is."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import environment, process, refused, zhprep
from patience import patience

from zhprep.cli.process import exit_code

TEXT = "".join(f"今天天气很好，我们去第{i}个公园散步。\n" for i in range(60))
STAGES = ("normalize", "segment", "extract-pinyin")
TO_FILE: dict[str, tuple[str, ...]] = {
    **{f"{stage}{ending}": (stage, "{in}", "-o", f"{{out}}{ending}") for stage in STAGES for ending in (".txt", ".jsonl", ".arrow")},
    "similar-words": ("similar-words", "{in}", "--min-count", "1", "--least", "0", "-o", "{out}.tsv"),
    "similar-words lexicon": ("similar-words", "--lexicon", "{lexicon}", "-o", "{out}.tsv"),
    "inspect html": ("inspect", "{data}", "--html", "{out}.html"),
    "inspect glyphs": ("inspect", "{glyphs}", "--glyphs", "{out}.png"),
}  # fmt: skip
"""Every command that writes one file, where it can."""


@pytest.fixture(scope="module")
def glyphs(tmp_path_factory: pytest.TempPathFactory, vocab: Path) -> Path:
    folder = tmp_path_factory.mktemp("made") / "vocab"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).write_bytes((vocab / name).read_bytes())
    assert zhprep("render-glyphs", "--vocab", folder, "--size", 8, "--quiet").code == 0
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to be in, with a corpus in it; nothing in it may have changed at the end but what a test allows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "x.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "lexicon").write_text("高兴 开心 快乐\n", encoding="utf-8")
    yield tmp_path
    assert (tmp_path / "corpus" / "x.txt").read_text("utf-8") == TEXT


def line(name: str, source: object, out: object, **others: Path) -> list[str]:
    return [part.format(**{"in": source, "out": out, "lexicon": "lexicon", **others}) for part in TO_FILE[name]]


@pytest.mark.parametrize("name", TO_FILE)
def test_a_file_that_is_there_is_kept_unless_it_may_be_written_over(
    name: str, here: Path, data: Path, glyphs: Path
) -> None:
    command = line(name, here / "corpus" / "x.txt", here / "new" / "out", data=data, glyphs=glyphs)
    (here / "new").mkdir()
    path = Path(command[-1])
    path.write_bytes(b"precious")
    refused(zhprep(*command), 2, f"{path}: is there already", "--overwrite")
    assert path.read_bytes() == b"precious"
    made = zhprep(*command, "--overwrite", "--quiet")
    assert made.code == 0, made.err
    assert path.read_bytes() != b"precious"
    whole = path.read_bytes()
    path.unlink()
    assert zhprep(*command, "--quiet").code == 0
    assert path.read_bytes() == whole
    assert [path.name for path in (here / "new").iterdir()] == [path.name]


@pytest.mark.parametrize("name", TO_FILE)
def test_what_is_no_file(name: str, here: Path, data: Path, glyphs: Path) -> None:
    command = line(name, here / "corpus" / "x.txt", here / "out", data=data, glyphs=glyphs)
    path = Path(command[-1])
    path.mkdir()
    for overwrite in ([], ["--overwrite"]):
        refused(zhprep(*command, *overwrite), 2, f"{path}: is a folder")
    path.rmdir()
    os.mkfifo(path)
    for overwrite in ([], ["--overwrite"]):
        refused(zhprep(*command, *overwrite), 2, f"{path}: is a device or a pipe")
    path.unlink()
    path.symlink_to("nowhere")
    refused(zhprep(*command), 2, f"{path}: is there already")


SAME = {
    "itself": ("corpus/x.txt", "corpus/x.txt"),
    "another way": ("corpus/x.txt", "./corpus/../corpus/x.txt"),
    "a link to it": ("corpus/x.txt", "link.txt"),
    "what a link is to": ("link.txt", "corpus/x.txt"),
    "another name": ("corpus/x.txt", "hard.txt"),
    "in the folder": ("corpus", "corpus/x.txt"),
    "a link into the folder": ("corpus", "link.txt"),
    "another name of one in the folder": ("corpus", "hard.txt"),
    "linked from the folder": ("links", "corpus/x.txt"),
    "in a linked folder": ("linked", "corpus/x.txt"),
    "of the glob": ("corpus/*.txt", "corpus/x.txt"),
    "a link into the glob": ("corpus/*", "link.txt"),
    "of the deep glob": ("**/x.txt", "corpus/x.txt"),
    "new in the folder": ("corpus", "corpus/new.txt"),
    "new, deep in the folder": ("corpus", "corpus/deep/new.txt"),
    "new in a linked folder": ("linked", "corpus/new.txt"),
    "new in the glob": ("corpus/*.txt", "corpus/new.txt"),
    "new in the deep glob": ("**/*.txt", "corpus/deep/new.txt"),
}


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("command", [*STAGES, "similar-words"])
def test_what_is_read_is_never_written_over(command: str, name: str, overwrite: list[str], here: Path) -> None:
    (here / "link.txt").symlink_to("corpus/x.txt")
    os.link(here / "corpus" / "x.txt", here / "hard.txt")
    (here / "linked").symlink_to("corpus")
    (here / "links").mkdir()
    (here / "links" / "y.txt").symlink_to("../corpus/x.txt")
    source, output = SAME[name]
    refused(zhprep(command, source, "-o", output, *overwrite), 2, f"{Path(output)}: is part of the input {source}")
    assert not (here / "corpus" / "deep").exists()


@pytest.mark.parametrize("output", ["corpus/new.tsv", "corpus/.new.txt", "beside.txt"])
def test_what_is_not_read_may_lie_beside(output: str, here: Path) -> None:
    command = "similar-words" if output.endswith("tsv") else "normalize"
    assert zhprep(command, "corpus", "-o", output, "--quiet").code == 0
    assert zhprep("normalize", "corpus/x.txt", "-o", "corpus/y.txt", "--quiet").code == 0


@pytest.mark.parametrize("option", ["--lexicon", "--vectors"])
def test_other_files_that_are_read(option: str, here: Path) -> None:
    refused(
        zhprep("similar-words", option, "corpus/x.txt", "-o", "./corpus/x.txt", "--overwrite"),
        2, "is read by this command",
    )  # fmt: skip
    (here / "words.txt").write_text("天气\n")
    refused(
        zhprep("segment", "corpus", "--user-dictionary", "words.txt", "-o", "words.txt", "--overwrite"),
        2, "words.txt: is read by this command",
    )  # fmt: skip
    assert (here / "words.txt").read_text() == "天气\n"


def test_standard_input_that_is_the_output(here: Path) -> None:
    with (
        open("corpus/x.txt", "rb") as stdin,
        process("normalize", "-o", "corpus/x.txt", "--overwrite", stdin=stdin) as child,
    ):
        _, err = child.communicate(timeout=patience(60))
    assert (child.returncode, b"is part of the input -" in err) == (2, True), err


def test_standard_output_that_is_an_input(here: Path) -> None:
    for mode in ("ab", "r+b"):
        with open("corpus/x.txt", mode) as out:
            done = subprocess.run(
                [sys.executable, "-m", "zhprep", "normalize", "corpus"], env=environment(), stdout=out,
                stderr=subprocess.PIPE, check=False, timeout=patience(60),
            )  # fmt: skip
        assert (done.returncode, b"standard output is one of the inputs" in done.stderr) == (2, True), done.stderr


FOLDERS = {"same": ("corpus", "corpus"), "in it": ("corpus", "corpus/out"), "around it": ("corpus", "."),
           "around the file": ("corpus/x.txt", "corpus"), "around the glob": ("corpus/*", "corpus"),
           "in a linked one": ("linked", "corpus/out"), "in the deep glob": ("corpus/**", "corpus/out")}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("command", ["normalize", "segment", "extract-pinyin", "build-vocab", "make-instances", "run"])
def test_a_folder_apart_from_the_input(command: str, name: str, here: Path, vocab: Path) -> None:
    (here / "linked").symlink_to("corpus")
    source, output = FOLDERS[name]
    before = sorted(here.rglob("*"))
    extra = {"make-instances": ["--vocab", vocab], "run": ["--size", "tiny"]}.get(command, [])
    inputs = ["bert", source] if command == "run" else [source]
    for overwrite in ([], ["--overwrite"]):
        refused(
            zhprep(command, *inputs, *extra, "-o", output, *overwrite), 2, f"{output}: the input {source} lies in it"
        )
    assert sorted(here.rglob("*")) == before


def test_a_table_is_not_begun_again_over_itself(here: Path) -> None:
    assert zhprep("normalize", "corpus", "-o", "words", "--quiet").code == 0
    refused(zhprep("segment", "words", "-o", "words", "--overwrite"), 2, "words: the input words lies in it")
    assert zhprep("verify", "words", "--quiet").code == 0
    assert zhprep("segment", "words/*.arrow", "-o", "corpus-words", "--quiet").code == 0


def test_two_that_write_one_file_at_once(here: Path) -> None:
    from races import race

    lines: list[list[object]] = [
        ["normalize", "corpus", "-o", "{out}/x.txt", "--quiet", *more] for more in ([], ["--no-split"])
    ]
    for number, found in enumerate(race(here, lines, 3)):
        codes = sorted(end["code"] for end in found)
        assert codes in ([0, 2], [0, 0]), found
        assert [path.name for path in (here / str(number)).iterdir()] == ["x.txt"]


class _ToldToStop(io.TextIOWrapper):
    """A stream that is told to stop once, when what a command wrote is to be out."""

    told = False

    def flush(self) -> None:
        if not self.told and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            self.told = True
            signal.raise_signal(signal.SIGTERM)


def test_told_to_stop_when_a_command_has_ended(monkeypatch, capsys):
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    monkeypatch.setattr(sys, "stdout", _ToldToStop(io.BytesIO()))
    assert exit_code(lambda: None) == 85
    assert "stopped by a signal" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
