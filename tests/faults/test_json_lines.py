"""A bad line of JSON costs that line, which is named or counted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_table import rounds
from plain_reader import DOCUMENTS, corpus_of, jsonl_of, lines_of

from zhprep.core.corpus.formats import parts
from zhprep.core.errors import DataError
from zhprep.core.report import Account

LIMIT = 1 << 16


def of_text(text: object) -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode()


BAD: dict[str, Callable[[random.Random], bytes]] = {
    "cut short": lambda draw: (whole := of_text("今天天气很好" * 3))[: draw.randrange(1, len(whole) - 1) // 1],
    "no JSON": lambda draw: bytes(draw.choice(b"{}[]\":,abc01 ") for _ in range(draw.randint(1, 20))) + b"!",
    "a list": lambda draw: b"[%d]" % draw.randrange(100),
    "a string": lambda _: b'"text"',
    "a number": lambda draw: str(draw.random()).encode(),
    "nothing": lambda draw: draw.choice((b"null", b"true", b"{}")),
    "another key": lambda draw: b'{"t%d": "\xe4\xb8\x80"}' % draw.randrange(100),
    "text is no string": lambda draw: of_text(draw.choice((None, 1, 1.5, True, ["一"], {"text": "一"}))),
    "half a surrogate": lambda draw: b'{"text": "\\ud%x00"}' % draw.randrange(8, 16),
    "deep": lambda draw: draw.choice((b"[", b'{"a":')) * draw.randint(20_000, 60_000),
    "deep and whole": lambda draw: b'{"text": "x", "a": ' + b"[" * (n := draw.randint(20_000, 60_000) // 2) + b"]" * n + b"}",
    "a long number": lambda draw: b'{"text": "x", "n": ' + b"9" * draw.randint(5000, 20_000) + b"}",
    "a key twice": lambda _: b'{"text": "a", "text": "b"}',
    "not UTF-8": lambda draw: b'{"text": "' + bytes([draw.randrange(0x80, 0xC0)]) + b'"}',
    "surrogates in UTF-8": lambda draw: b'{"text": "\xed' + bytes([draw.randrange(0xA0, 0xC0)]) + b'\x80"}',
    "too long": lambda draw: of_text("长" * (LIMIT // 3 + draw.randint(1, 50_000))),
    "two objects": lambda _: of_text("一") + of_text("二"),
}  # fmt: skip


@rounds(10, 51, 408)
def test_a_bad_line_costs_itself(
    n: int, tmp_path: Path, tried: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LINE_LIMIT", LIMIT)
    for number in range(n):
        name = list(BAD)[number % len(BAD)]
        draw = random.Random(number)
        good = jsonl_of(DOCUMENTS).splitlines(keepends=True)
        bad, place = BAD[name](draw), draw.randrange(len(good) + 1)
        end = b"" if place == len(good) and draw.random() < 0.5 else draw.choice((b"\n", b"\r\n"))
        path = tmp_path / "x.jsonl"
        path.write_bytes(b"".join(good[:place]) + bad + end + b"".join(good[place:]))
        with pytest.raises(DataError, match=f"x.jsonl, line {place + 1}: ") as told:
            lines_of(corpus_of(path))
        assert told.value.hint, name
        account = Account()
        assert lines_of(corpus_of(path, on_error="skip"), account) == DOCUMENTS, (number, name)
        assert sum(account.dropped.values()) == 1, (number, name, account.dropped)
        assert account.counts["documents_in"] == len(DOCUMENTS) + 1, (number, name)
        tried()


@pytest.mark.parametrize(
    "line", [b'{"text": "a", "n": NaN}', b'{"n": {"text": 1}, "text": "a"}', b'\xef\xbb\xbf{"text": "a"}\r']
)
def test_what_is_odd_and_no_fault(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(line)
    assert lines_of(corpus_of(tmp_path / "x.jsonl")) == [["a"]]
