"""The loss account and the report of a command.

What went in equals what came out plus what is counted here, by reason. A reason is written
``unit.why`` with the unit ``documents``, ``sentences``, ``characters`` or ``tokens``, for example
``characters.control``.
"""

from __future__ import annotations

import dataclasses
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from zhprep.core.errors import DataError

COUNTS = (
    "documents_in", "documents_out", "sentences", "characters", "tokens", "instances", "masked_tokens", "unk_tokens",
)  # fmt: skip

_AMOUNTS = {"*": int}
ACCOUNT = {
    "counts": _AMOUNTS, "dropped?": _AMOUNTS, "changed?": _AMOUNTS, "inserted?": _AMOUNTS, "seen?": _AMOUNTS,
    "entries?": {"*": re.compile("[0-9a-f]+")},
}  # fmt: skip
"""The shape of an account that was written down (:mod:`zhprep.core.shape`)."""

REPORT = {
    **dict.fromkeys(COUNTS, int), "dropped": _AMOUNTS, "changed": _AMOUNTS, "inserted?": _AMOUNTS, "seconds": float,
    "chars_per_second": float, "peak_rss_bytes": int, "output": str, "content_sha256": str, "notes?": [str],
}  # fmt: skip
"""The shape of a report that was written down."""


@dataclasses.dataclass
class Account:
    """Counts of what passed, and by reason of what was dropped, changed or inserted.

    ``seen`` are counts that only a note is made of. ``entries`` holds for each list of the user's, such as a
    dictionary, a bit for each entry that the text has, and one more at the top.
    """

    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    dropped: Counter[str] = dataclasses.field(default_factory=Counter)
    changed: Counter[str] = dataclasses.field(default_factory=Counter)
    inserted: Counter[str] = dataclasses.field(default_factory=Counter)
    seen: Counter[str] = dataclasses.field(default_factory=Counter)
    entries: dict[str, int] = dataclasses.field(default_factory=dict)

    def count(self, **amounts: int) -> None:
        """Add to the totals: ``account.count(sentences=3, characters=40)``."""
        for name, amount in amounts.items():
            self.counts[name] += int(amount)

    def drop(self, reason: str, amount: int = 1) -> None:
        """Count what is lost."""
        if amount:
            self.dropped[reason] += int(amount)

    def change(self, reason: str, amount: int = 1) -> None:
        """Count what is altered in place."""
        if amount:
            self.changed[reason] += int(amount)

    def insert(self, reason: str, amount: int = 1) -> None:
        """Count what is added to the text."""
        if amount:
            self.inserted[reason] += int(amount)

    def match(self, name: str, n_entries: int, matched: Iterable[int] = ()) -> None:
        """Note which of the ``n_entries`` of the user's list ``name`` the text has, by their numbers."""
        bits = bytearray(n_entries // 8 + 1)
        for number in (n_entries, *matched):
            bits[number >> 3] |= 1 << (number & 7)
        self.entries[name] = self.entries.get(name, 0) | int.from_bytes(bits, "little")

    def add(self, other: Account) -> None:
        """Add the counts of ``other`` to these."""
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for name, bits in other.entries.items():
            self.entries[name] = self.entries.get(name, 0) | bits

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the account as plain values, keys sorted, for a manifest or a receipt."""
        values: dict[str, dict[str, Any]] = {name: dict(sorted(getattr(self, name).items())) for name in _COUNTERS}
        values["entries"] = {name: f"{bits:x}" for name, bits in sorted(self.entries.items())}
        return {name: counts for name, counts in values.items() if counts or name in _ALWAYS}

    @classmethod
    def from_dict(cls, values: dict[str, dict[str, Any]]) -> Account:
        """Read back what :meth:`as_dict` gave."""
        entries = {name: int(bits, 16) for name, bits in values.get("entries", {}).items()}
        return cls(**{name: Counter(values.get(name, {})) for name in _COUNTERS}, entries=entries)

    @classmethod
    def total(cls, accounts: Iterable[Account]) -> Account:
        """Return the sum of ``accounts``."""
        result = cls()
        for account in accounts:
            result.add(account)
        return result

    def matched(self) -> dict[str, int]:
        """Return for each list of the user's how many entries the text has, and how many it never has."""
        numbers: dict[str, int] = {}
        for name, bits in sorted(self.entries.items()):
            numbers[f"{name}_matched"] = bits.bit_count() - 1
            numbers[f"{name}_never_matched"] = bits.bit_length() - bits.bit_count()
        return numbers


_COUNTERS = ("counts", "dropped", "changed", "inserted", "seen")
_ALWAYS = ("counts", "dropped", "changed", "inserted")


@dataclasses.dataclass
class Report:
    """What a command did: printed for people on stderr, as JSON on stdout with ``--json``."""

    account: Account = dataclasses.field(default_factory=Account)
    output: str = ""
    content_sha256: str = ""
    scores: dict[str, Any] = dataclasses.field(default_factory=dict)
    started: float = dataclasses.field(default_factory=time.perf_counter)
    peak_rss_bytes: int = 0
    kept_characters: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as one flat JSON object with the keys of the contract.

        Speed is that of this run: text that was done before (``kept_characters``) does not count for it.
        """
        seconds = time.perf_counter() - self.started
        counts = {name: self.account.counts.get(name, 0) for name in COUNTS}
        fresh = max(0, counts["characters"] - self.kept_characters)
        extra = {name: n for name, n in sorted(self.account.counts.items()) if name not in counts}
        return {
            **counts,
            **extra,
            **self.account.matched(),
            "dropped": dict(sorted(self.account.dropped.items())),
            "changed": dict(sorted(self.account.changed.items())),
            "inserted": dict(sorted(self.account.inserted.items())),
            "content_sha256": self.content_sha256,
            "seconds": round(seconds, 3),
            "chars_per_second": round(fresh / seconds) if seconds > 0 else 0,
            "peak_rss_bytes": max(self.peak_rss_bytes, peak_rss()),
            "output": self.output,
            **({"notes": self.notes} if self.notes else {}),
            **self.scores,
        }


def check_budgets(account: Account, *, max_drop_rate: float | None, max_unk_rate: float | None) -> None:
    """Raise ``DataError`` when more was lost than the user allows.

    ``max_drop_rate`` bounds dropped documents, sentences and characters, each against what was
    read of it; ``max_unk_rate`` bounds unknown tokens against all tokens.
    """
    counts = account.counts
    if max_unk_rate is not None and counts["unk_tokens"] > max_unk_rate * counts["tokens"]:
        rate = counts["unk_tokens"] / max(counts["tokens"], 1)
        raise DataError(
            f"{counts['unk_tokens']} of {counts['tokens']} tokens are unknown ({rate:.4%}), "
            f"more than --max-unk-rate {max_unk_rate:.4%}",
            hint="see `zhprep inspect VOCAB` for the missing characters, or raise --max-unk-rate",
        )
    if max_drop_rate is None:
        return
    for unit, total in (("documents", "documents_in"), ("sentences", "sentences"), ("characters", "characters")):
        lost = {reason: n for reason, n in account.dropped.items() if reason.startswith(f"{unit}.")}
        share = sum(lost.values()) / max(counts[total], 1)
        if share > max_drop_rate:
            worst = max(lost, key=lambda reason: lost[reason])
            raise DataError(
                f"{share:.4%} of {unit} were dropped, more than --max-drop-rate {max_drop_rate:.4%}; "
                f"most by {worst} ({lost[worst]})",
                hint="look at `dropped` in the report (--json), or raise --max-drop-rate",
            )


def peak_rss() -> int:
    """Return the peak resident memory of this process and of its ended children, in bytes, whichever is larger."""
    return max(own_peak_rss(), _most(resource.RUSAGE_CHILDREN))


def own_peak_rss() -> int:
    """Return this process's own peak of resident memory, in bytes.

    On Linux getrusage also has that of whoever started it, up to the exec.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            peaks = [line.split()[1] for line in status if line.startswith("VmHWM:")]
        return int(peaks[0]) << 10
    except (OSError, IndexError):
        return _most(resource.RUSAGE_SELF)


def _most(who: int) -> int:
    """Return what getrusage says of a peak, in bytes: it counts kilobytes, but bytes on macOS."""
    return int(resource.getrusage(who).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)
