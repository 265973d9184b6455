"""Bytes and characters drawn at random, by the ten thousand: no crash, no hang, nothing lost that is not counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from command_line import zhprep
from fault_table import rounds

LINES = 20_000
"""Lines of a file."""
SECONDS = 120.0
"""Of processor time for a file; it takes two."""

PLAIN = "今天天气很好，我们去公园散步。他说：“明天见！”Hello, world 3.14 元 𠮷野家長城頭髮"
NASTY = [
    *range(0x20), 0x7F, 0x85, 0xA0, 0xAD, 0x300, 0x301, 0x327, 0x200B, 0x200D, 0x200E, 0x202A, 0x2028, 0x2029, 0x3000,
    0xFE00, 0xFE0F, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0xE000, 0xF8FF, 0xE0100, 0xE0067, 0xF0000, 0x10FFFF, 0x1F468, 0x1F3FD,
    0x1F1E8, 0x2F800, 0x323AF, 0x1112, 0x1161, 0x11A8, 0x5D0, 0x627, 0xE01, 0x3042, 0x30AB, 0xAC00, 0xFF21, 0xFF0C,
    *map(ord, "&;<>#xX\"'()[]{}【】《》“”‘’。！？…—～·、：，%‰℃0123456789abcXYZ_-+=/\\|@"),
]  # fmt: skip
_NASTY = np.array([point for point in NASTY if point != 10])
_PLAIN = np.array([ord(character) for character in PLAIN])


def bytes_at_random(draw: np.random.Generator, length: int) -> bytes:
    return draw.integers(0, 256, length, np.uint8).tobytes()


def text_with_a_byte_changed(draw: np.random.Generator, length: int) -> bytes:
    line = bytearray("".join(map(chr, draw.choice(_PLAIN, length))).encode())
    line[draw.integers(len(line))] = draw.integers(256)
    return bytes(line)


def characters_that_break_things(draw: np.random.Generator, length: int) -> bytes:
    points = np.where(draw.random(length) < 0.5, draw.choice(_NASTY, length), draw.choice(_PLAIN, length))
    return "".join(map(chr, points)).encode()


def one_character_many_times(draw: np.random.Generator, length: int) -> bytes:
    return (chr(draw.choice(_NASTY)) * length + chr(draw.choice(_PLAIN))).encode()


def any_characters(draw: np.random.Generator, length: int) -> bytes:
    points = draw.integers(0x20, 0x110000, length)
    return "".join(map(chr, points)).encode("utf-8", "surrogatepass")


def two_bytes(draw: np.random.Generator, length: int) -> bytes:
    return int(draw.integers(1 << 16)).to_bytes(2, "big") + b"." * (length % 2)


KINDS = (
    bytes_at_random, text_with_a_byte_changed, characters_that_break_things, one_character_many_times, any_characters,
    two_bytes,
)  # fmt: skip


def drawn(seed: int, n: int) -> list[bytes]:
    """Return ``n`` lines."""
    draw = np.random.default_rng(seed)
    lengths = np.minimum(1 + draw.geometric(0.08, n), 200)
    return [KINDS[i % len(KINDS)](draw, int(lengths[i])).replace(b"\n", b"") for i in range(n)]


def decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def flat_ends(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the ends of all words, and where the sentences begin among them."""
    sentences = column.combine_chunks().flatten()
    return sentences.flatten().to_numpy(), sentences.offsets.to_numpy().astype(np.int64)


def check(path: Path, report: dict[str, object], lines: list[bytes]) -> None:
    """Hold the words, and the account of them, to the lines they come of."""
    account = {name: dict(report.get(name, {})) for name in ("dropped", "inserted")}  # type: ignore[call-overload]
    full = [line for line in lines if line.removesuffix(b"\r").decode("utf-8", "replace").strip(" \t\r\v\f\u3000")]
    lost = sum(n for reason, n in account["dropped"].items() if reason.startswith("documents."))
    assert report["documents_in"] == report["documents_out"] + lost  # type: ignore[operator]
    bad = sum(decoded(line) is None for line in full)
    assert account["dropped"].get("sentences.bad_encoding", 0) == bad
    assert report["documents_in"] == len(full)
    with pa.memory_map(str(path)) as mapped:
        table = pa.ipc.open_stream(mapped).read_all()
    sentences = table["sentences"].combine_chunks().flatten()
    read = sum(len(text.removesuffix("\r")) for line in full if (text := decoded(line)) is not None)
    kept = pc.sum(pc.utf8_length(sentences)).as_py()
    gained = sum(n for reason, n in account["inserted"].items() if reason.startswith("characters."))
    gone = sum(n for reason, n in account["dropped"].items() if reason.startswith("characters."))
    assert read + gained - gone == kept
    ends, starts = flat_ends(table["ends"])
    lengths = pc.utf8_length(sentences).to_numpy()
    assert (lengths > 0).all()
    assert np.array_equal(ends[starts[1:] - 1], lengths), "the last word does not end with its sentence"
    inner = np.ones(len(ends), bool)
    inner[starts[:-1]] = False
    assert (np.diff(ends)[inner[1:]] > 0).all(), "a word has no characters"
    syllables = table["syllables"].combine_chunks().flatten()
    assert np.array_equal(np.diff(syllables.offsets.to_numpy()), lengths), "not a syllable for each character"


@rounds(9, LINES, 5_000_000)
def test_any_bytes(n: int, tmp_path: Path, vocab: Path, tried: Callable[[int], None]) -> None:
    """From bytes to normalised text, words and syllables; every tenth file to instances, which are verified."""
    for seed in range(n // LINES):
        lines = drawn(seed, LINES)
        (tmp_path / "x.txt").write_bytes(b"\n".join(lines))
        began = time.process_time()
        reading = (tmp_path / "x.txt", "--one-doc-per-line", "--on-error", "skip", "--quiet", "--json", "--workers", 1)
        result = zhprep("extract-pinyin", *reading, "-o", tmp_path / "x.arrow", "--overwrite")
        assert result.code == 0, (seed, result.err)
        check(tmp_path / "x.arrow", result.report, lines)
        if seed % 10 == 1:
            making = ("--vocab", vocab, "--mask", "wwm", "--static", "--format", "single", "--overwrite")
            result = zhprep("make-instances", *reading, *making, "-o", tmp_path / "data")
            assert result.code == 0, (seed, result.err)
            assert zhprep("verify", tmp_path / "data", "--quiet").code == 0, seed
        assert time.process_time() - began < SECONDS, (seed, "a hang")
        tried(len(lines))
