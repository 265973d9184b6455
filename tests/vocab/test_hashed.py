"""Numbers of keys and strings: as a dictionary gives them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from zhprep.vocab import codepoints, hashed

KEYS = st.lists(st.integers(1, (1 << 64) - 1) | st.integers(1, 40), unique=True, max_size=60)
STRINGS = st.lists(st.text("ab的\x00\U0010ffff", min_size=1, max_size=7), max_size=40)


@given(KEYS, arrays.arrays(np.uint64, st.integers(0, 30), elements=st.integers(1, 50)))
def test_keys(keys: list[int], others: np.ndarray) -> None:
    table, expected = hashed.KeyTable(np.array(keys, np.uint64)), {key: number for number, key in enumerate(keys)}
    asked = [*keys, *others.tolist()]
    assert table.find(np.array(asked, np.uint64)).tolist() == [expected.get(key, -1) for key in asked]


def test_keys_that_have_one_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashed, "_FACTOR", np.uint64(0))
    table = hashed.KeyTable(np.arange(1, 20, dtype=np.uint64))
    assert table.find(np.arange(1, 25, dtype=np.uint64)).tolist() == [*range(19), *[-1] * 5]


@given(STRINGS, STRINGS)
def test_strings(strings: list[str], others: list[str]) -> None:
    known = list(dict.fromkeys(strings))
    asked = [*others, *known]
    points, offsets = codepoints.flat(asked)
    numbers = hashed.StringTable(known).find(points, offsets[:-1], np.diff(offsets))
    assert numbers.tolist() == [known.index(one) if one in known else -1 for one in asked]


def test_a_string_with_the_hash_of_another_is_not_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashed, "_FACTOR", np.uint64(0))  # of a long string only the last character counts
    table = hashed.StringTable(["abcde", "xy", "xyzw"])
    points, offsets = codepoints.flat(["abcde", "aXcde", "bcde", "abcdee", "xyzw", "xy"])
    assert table.find(points, offsets[:-1], np.diff(offsets)).tolist() == [0, -1, -1, -1, 2, 1]
    with pytest.raises(ValueError, match="one hash"):
        hashed.StringTable(["abcde", "Xbcde"])
