"""``causal``: a language model writes the text from left to right; nothing is changed, and the target is the text."""

from __future__ import annotations

from zhprep.instances.corruptions.corrupted import Conditions, Corrupted


def causal(text: Corrupted, conditions: Conditions) -> Corrupted:  # noqa: ARG001
    """Leave every instance as it is."""
    return text
