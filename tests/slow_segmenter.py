"""A segmenter that sleeps: ``--cws slow_segmenter:Sleepy``."""

from __future__ import annotations

import time


class Sleepy:
    """Cuts between all characters; half a second for each 睡."""

    name = "sleepy"

    def __init__(self, config: object) -> None:
        pass

    def fingerprint(self) -> str:
        """Return what its cuts depend on."""
        return "sleepy"

    def cut(self, texts: list[str]) -> list[list[str]]:
        """Return the characters of each text."""
        time.sleep(0.5 * sum(text.count("睡") for text in texts))
        return [list(text) for text in texts]
