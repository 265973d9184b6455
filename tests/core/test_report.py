"""The account adds up, and budgets hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.errors import DataError
from zhprep.core.report import COUNTS, Account, Report, check_budgets, peak_rss

COUNTERS = st.dictionaries(st.sampled_from(["documents.a", "sentences.b", "characters.c"]), st.integers(1, 10**12))
ACCOUNTS = st.tuples(COUNTERS, COUNTERS, COUNTERS, COUNTERS)


def made(parts: tuple[dict[str, int], ...]) -> Account:
    return Account.from_dict(dict(zip(("counts", "dropped", "changed", "inserted"), parts, strict=True)))


@given(st.lists(ACCOUNTS, max_size=6), st.randoms())
def test_sums_do_not_depend_on_order(parts: list[tuple[dict[str, int], ...]], draw) -> None:
    accounts = [made(part) for part in parts]
    total = Account.total(accounts).as_dict()
    draw.shuffle(accounts)
    assert Account.total(accounts).as_dict() == total
    half = len(accounts) // 2
    assert Account.total([Account.total(accounts[:half]), Account.total(accounts[half:])]).as_dict() == total
    for name in ("counts", "dropped", "changed", "inserted"):
        assert sum(total[name].values()) == sum(sum(account.as_dict()[name].values()) for account in accounts)


@given(ACCOUNTS)
def test_it_is_read_back_from_json(parts: tuple[dict[str, int], ...]) -> None:
    account = made(parts)
    assert Account.from_dict(json.loads(json.dumps(account.as_dict()))) == account


def test_what_is_nothing_is_not_counted() -> None:
    account = Account()
    account.drop("characters.control", 0)
    account.change("characters.width", 0)
    account.insert("sentences.split", 0)
    assert account.as_dict() == {"counts": {}, "dropped": {}, "changed": {}, "inserted": {}}
    account.count(sentences=2)
    account.drop("characters.control", 2)
    account.drop("characters.control")
    assert account.dropped == {"characters.control": 3}


def test_a_report_has_the_keys_of_the_contract() -> None:
    account = Account()
    account.count(documents_in=3, characters=40, words=20)
    account.drop("documents.empty")
    report = Report(account, "out", "ab", {"f1": 0.5}).as_dict()
    assert (
        set(COUNTS) | {"dropped", "changed", "inserted", "content_sha256", "seconds", "chars_per_second"}
        <= report.keys()
    )
    assert (report["documents_in"], report["tokens"], report["words"], report["f1"]) == (3, 0, 20, 0.5)
    assert report["dropped"] == {"documents.empty": 1}
    assert report["output"] == "out"
    assert report["peak_rss_bytes"] >= 10 << 20
    assert json.loads(json.dumps(report)) == report
    assert peak_rss() > 10 << 20


@pytest.mark.parametrize(
    ("dropped", "rate", "told"),
    [
        ({"characters.control": 10}, 0.1, None),
        ({"characters.control": 11}, 0.1, "11.0000% of characters were dropped, more than --max-drop-rate 10.0000%"),
        ({"characters.a": 6, "characters.b": 5}, 0.1, r"most by characters.a \(6\)"),
        ({"sentences.bad_encoding": 1}, 0.0, "10.0000% of sentences were dropped"),
        ({"documents.bad_json": 1}, 0.4, "50.0000% of documents were dropped"),
        ({"characters.control": 100}, None, None),
        ({"tokens.joined": 100}, 0.0, None),
        ({}, 0.0, None),
    ],
)
def test_the_budget_of_losses(dropped: dict[str, int], rate: float | None, told: str | None) -> None:
    account = made(({"documents_in": 2, "sentences": 10, "characters": 100}, dropped, {}, {}))
    if told is None:
        check_budgets(account, max_drop_rate=rate, max_unk_rate=None)
        return
    with pytest.raises(DataError, match=told) as error:
        check_budgets(account, max_drop_rate=rate, max_unk_rate=None)
    assert "--max-drop-rate" in error.value.hint


def test_the_budget_of_unknown_tokens() -> None:
    account = made(({"tokens": 1000, "unk_tokens": 5}, {}, {}, {}))
    check_budgets(account, max_drop_rate=None, max_unk_rate=0.005)
    check_budgets(Account(), max_drop_rate=0.0, max_unk_rate=0.0)
    with pytest.raises(DataError, match=r"5 of 1000 tokens are unknown \(0.5000%\), more than --max-unk-rate 0.4900%"):
        check_budgets(account, max_drop_rate=None, max_unk_rate=0.0049)
