"""Commands that begin at once in one place: who is refused touches nothing, and the others come to their end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import zhprep
from fault_table import rounds
from plain_tasks import contents
from races import race

ROUNDS = rounds(4, 5, 100, name="n")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(
        "".join(f"今天天气很好，我们去第{i}个公园散步。\n明天也去。\n\n" for i in range(40)), encoding="utf-8"
    )
    return path


Arguments = Callable[[Path, Path, Path, str], list[object]]

COMMANDS: dict[str, tuple[Arguments, str, str]] = {
    "make-instances": (
        lambda corpus, vocab, out, seed: [corpus, "--vocab", vocab, "-o", out, "--max-length", 32, "--seed", seed],
        "0", "1",
    ),
    "build-vocab": (lambda corpus, _, out, size: [corpus, "-o", out, "--size", size], "300", "301"),
    "normalize": (lambda corpus, _, out, form: [corpus, "-o", out, "--unicode-form", form], "nfkc", "nfc"),
}  # fmt: skip
"""Commands with a folder for output: their arguments, and two values of a setting."""


@ROUNDS
@pytest.mark.parametrize("command", COMMANDS)
def test_two_alike_and_one_that_is_not(
    command: str, n: int, corpus: Path, vocab: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    arguments, one, other = COMMANDS[command]
    lines: list[list[object]] = [
        [command, *arguments(corpus, vocab, Path("{out}/deep"), value), "--quiet", "--block-size", 1000]
        for value in (one, one, other)
    ]
    expected = []
    for place, value in enumerate((one, other)):
        made = tmp_path / "alone" / str(place)
        made_alone = zhprep(command, *arguments(corpus, vocab, made, value), "--quiet", "--block-size", 1000)
        assert made_alone.code == 0, made_alone.err
        expected.append(contents(made))
    for number, found in enumerate(race(tmp_path, lines, n)):
        codes = [end["code"] for end in found]
        assert codes in ([0, 0, 2], [2, 2, 0]), (number, found)
        for end in found:
            assert not end["code"] or "was made with another config" in end["err"], (number, found)
        assert contents(tmp_path / str(number) / "deep") == expected[codes[0] != 0], number
        tried()


@ROUNDS
def test_an_array_of_which_one_task_sees_other_input(
    n: int, corpus: Path, vocab: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    changed = tmp_path / "other" / corpus.name
    changed.parent.mkdir()
    changed.write_text(corpus.read_text("utf-8") + "另一行。\n", encoding="utf-8")
    settings = ("--vocab", vocab, "-o", "{out}", "--max-length", 32, "--quiet", "--block-size", 1000)
    lines: list[list[object]] = [
        ["make-instances", source, *settings, "--num-shards", 3, "--shard-index", index]
        for index, source in enumerate((corpus, changed, corpus))
    ]
    for number, found in enumerate(race(tmp_path, lines, n)):
        codes = [end["code"] for end in found]
        assert codes in ([0, 2, 0], [2, 0, 2]), (number, found)
        for end in found:
            assert not end["code"] or "was made with another input" in end["err"], (number, found)
        tried()
