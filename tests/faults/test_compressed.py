"""Compressed input that is damaged, odd or enormous: what can be read is read, the rest is told or counted."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_table import fault
from plain_reader import COMPRESS, corpus_of, lines_of, text_of

from zhprep.core.corpus import ReadConfig, find_inputs, read_input
from zhprep.core.corpus.inputs import describe, open_decompressed
from zhprep.core.errors import DataError
from zhprep.core.report import Account

NAMES = [name for name in COMPRESS if name]
OTHER = dict(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True))


def documents(n: int) -> list[list[str]]:
    draw = random.Random(n)
    return [["".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(draw.randint(1, 60)))] for _ in range(n)]


WHOLE = documents(3000)

DAMAGE: dict[str, Callable[[str, bytes], bytes]] = {
    "cut in the middle": lambda _, data: data[: len(data) * 2 // 3],
    "cut early": lambda _, data: data[: len(data) // 5],
    "cut at its last byte": lambda _, data: data[:-1],
    "cut in its head": lambda _, data: data[:12],
    "rubbish after it": lambda _, data: data + b"and more",
    "another kind": lambda name, _: COMPRESS[OTHER[name]](text_of(WHOLE)),
    "not compressed": lambda _, __: text_of(WHOLE),
}


@fault(11, 1)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_told_and_what_lies_before_it_is_read(
    what: str, name: str, tmp_path: Path, tried: Callable[[], None]
) -> None:
    path = tmp_path / f"x.txt{name}"
    path.write_bytes(DAMAGE[what](name, COMPRESS[name](text_of(WHOLE))))
    with pytest.raises(DataError, match=rf"x\.txt{name}: ") as told:
        corpus_of(path)
    assert told.value.hint
    if what in ("another kind", "not compressed"):
        assert "is not compressed that way" in str(told.value)
    else:
        account = Account()
        source = find_inputs((str(path),))[0]
        batches = list(read_input(source, ReadConfig(on_error="skip"), account))
        read = [line for batch in batches for row in batch["sentences"].to_pylist() for line in row]
        lines = [line for document in WHOLE for line in document]
        assert all(line == other for line, other in zip(read[:-1], lines, strict=False))
        assert not read or lines[len(read) - 1].startswith(read[-1])  # the last may be cut
        assert account.dropped["inputs.damaged"] == 1
        assert len(read) == len(lines) or what != "rubbish after it"
    tried()


@fault(11, 1)
@pytest.mark.parametrize("name", NAMES)
def test_several_members_are_read_as_one(name: str, tmp_path: Path, tried: Callable[[], None]) -> None:
    path = tmp_path / f"x.txt{name}"
    halves = text_of(WHOLE[:1000]) + b"\n", text_of(WHOLE[1000:])
    path.write_bytes(b"".join(COMPRESS[name](half) for half in halves))
    assert lines_of(corpus_of(path)) == WHOLE
    tried()


@fault(11, 1)
@pytest.mark.parametrize("name", NAMES)
def test_what_grows_enormously_is_read_in_bounded_memory(name: str, tmp_path: Path, tried: Callable[[], None]) -> None:
    size = 1 << 26
    bomb = COMPRESS[name](bytes(size >> 4)) * 16
    assert len(bomb) < size // 500
    (tmp_path / f"x.txt{name}").write_bytes(bomb)
    tracemalloc.start()
    try:
        with open_decompressed(describe(str(tmp_path / f"x.txt{name}"), encoding="utf-16")) as stream:
            total = sum(len(part) for part in iter(lambda: stream.read(1 << 20), b""))
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()
    assert total == size
    with pytest.raises(DataError, match="is not text"):
        corpus_of(tmp_path / f"x.txt{name}")
    tried()
