"""Convert between Traditional and Simplified characters and regional variants, with OpenCC."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from zhprep.core.registry import require
from zhprep.core.report import Account
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.text import Text, as_codes, is_mark


def variants(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Convert the whole batch in one call; sentences that changed are counted, and characters gained or lost.

    Runs once per batch, not until nothing changes, for a conversion need not be its own fixed point.
    """
    if config.variants == "none" or not text.codes.size:
        return text
    before = text.string
    after = _converter(config.variants).convert(before)
    if after == before:
        return text
    old, new = before.split("\n"), after.split("\n")
    growth = np.fromiter(map(len, new), np.int64) - np.fromiter(map(len, old), np.int64)
    account.change("sentences.variants", sum(a != b for a, b in zip(old, new, strict=True)))
    account.insert("characters.variants", int(growth[growth > 0].sum()))
    account.drop("characters.variants", -int(growth[growth < 0].sum()))
    codes = as_codes(after).copy()
    codes[codes == ord("\n")] = text.codes[is_mark(text.codes)]
    return Text(codes, np.union1d(text.alphabet, as_codes("".join(set(after)))))


@functools.cache
def _converter(mode: str) -> Any:
    opencc = require("opencc", purpose=f"--variants {mode}", install="'zhprep[opencc]'")
    return opencc.OpenCC(mode)
