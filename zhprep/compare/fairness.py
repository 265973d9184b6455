"""May these runs be compared? They were scored on the same held-out text, trained for the same budget, and fine-tuned
on the same tasks in the same way, or it is said in what they differ, run by run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

from zhprep.compare.runs import ComparedRun
from zhprep.core.errors import UsageError

KINDS = ("held-out", "budget", "tasks")
"""In what runs may differ."""

NEAR = 0.05
"""Share by which tokens, or characters, that were trained on may differ within one budget: batches are drawn, and
instances are not equally full."""

_ASKS = {
    "held-out": "make the instances with --split apart, so that all hold out the same documents",
    "budget": "train all of them on as many tokens",
    "tasks": "evaluate all of them with the same settings",
}
_UNTOLD = ("seeds", "threads")


def check_fair(runs: Sequence[ComparedRun], allow: Collection[str] = ()) -> dict[str, list[str]]:
    """Return in what ``runs`` differ of each of ``KINDS``, a line for each group of runs that agree; nothing for those
    in which all agree.

    Raises ``UsageError`` with those lines for a kind that is not in ``allow``.
    """
    found = {"held-out": _held_out(runs), "budget": _budget(runs), "tasks": _tasks(runs)}
    told = {kind: lines for kind, lines in found.items() if lines}
    for kind, lines in told.items():
        if kind not in allow:
            raise UsageError(
                f"the runs differ in their {_WHAT[kind]}: {'; '.join(lines)}",
                hint=f"{_ASKS[kind]}, or compare them as they are with --allow-different {kind}",
            )
    return told


_WHAT = {"held-out": "held-out data", "budget": "budgets", "tasks": "tasks"}


def same_held_out(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two descriptions of held-out instances are of the same text: the same documents of one corpus, whoever
    found its words, or the same characters."""
    known = "origin" if one.get("origin") and other.get("origin") else "corpus"  # an older zhprep said the latter alone
    if one.get("apart") and all(one.get(name) == other.get(name) for name in (known, "apart")):
        return True
    return all(one.get(name) == other.get(name) for name in ("text_sha256", "data", "validation"))


def tokens_seen(run: ComparedRun) -> int:
    """Return how many tokens a run was trained on, padding left out."""
    return int(run.report["tokens"])


def characters_seen(run: ComparedRun) -> int | None:
    """Return about how many characters those tokens stand for; None where the instances are gone, or do not say how
    long their text was, as those made of words do not."""
    counts, passes = _counts(run), _passes(run)
    text = counts.get("characters_out", counts.get("characters", 0))
    return round(passes * text) if passes and text else None


def _passes(run: ComparedRun) -> float | None:
    """Return about how often a run saw its text: the share of the tokens of the text that it was trained on."""
    encoded = _counts(run).get("encoded_tokens", 0)
    specials: int = (2 if run.masks.get("pairs") == "none" else 3) * run.report["instances"]
    return max(tokens_seen(run) - specials, 0) / encoded if encoded else None


def _counts(run: ComparedRun) -> dict[str, int]:
    return {} if run.data is None else dict(run.data.get("account", {}).get("counts", {}))


def _held_out(runs: Sequence[ComparedRun]) -> list[str]:
    scored = [run for run in runs if run.intrinsic]
    facts = [_facts(run) for run in scored]
    if all(same_held_out(facts[0], one) for one in facts[1:]):
        return []
    return _by_group(scored, lambda run: _said_held_out(_facts(run)))


def _facts(run: ComparedRun) -> dict[str, Any]:
    """Return what is known of the held-out instances of a run."""
    return {"origin": _origin(run), **(run.intrinsic.get("held_out") or _older(run))}


def _origin(run: ComparedRun) -> str:
    """Return the text that the instances of a run go back to; an empty text where it is not known."""
    return "" if run.data is None else str(run.data.get("origin", ""))


def _inputs(run: ComparedRun) -> str:
    """Return what the instances of a run were made of, be it words or text; an empty text where it is not known."""
    return "" if run.data is None else str(run.data.get("input_sha256", ""))


def _older(run: ComparedRun) -> dict[str, Any]:
    """Return what is known of the held-out instances of a run that an older zhprep scored."""
    return {"data": str(run.plan["data"]), "validation": run.plan["config"]["validation"]}


def _said_held_out(facts: dict[str, Any]) -> str:
    if "text_sha256" not in facts:
        return f"{facts['validation']:.2%} of the instances {facts['data'][:12]} (scored by an older zhprep)"
    if facts["apart"]:
        return f"{facts['apart']:.2%} of the documents of corpus {(facts.get('origin') or facts['corpus'])[:12]}"
    return f"instances of corpus {facts['corpus'][:12]}, text {facts['text_sha256'][:12]}"


def _budget(runs: Sequence[ComparedRun]) -> list[str]:
    begun = {bool(run.plan["config"].get("initial")) for run in runs}
    places = {run.report["instances"] * run.masks.get("max_length", 0) for run in runs}
    of = _origin if all(map(_origin, runs)) else _inputs
    same_text = len(set(map(of, runs))) == 1
    text = [_passes(run) if same_text else characters_seen(run) for run in runs]
    known = [amount for amount in text if amount]
    near = _near([tokens_seen(run) for run in runs]) or (len(known) == len(runs) and _near(known))
    if len(begun) == 1 and (len(places) == 1 or near):
        return []
    return _by_group(runs, _said_budget)


def unequal(runs: Sequence[ComparedRun]) -> list[str]:
    """Return notes on runs of one budget that saw other amounts: as many instances hold less text where tokens are
    words, or instances are not full."""
    seen = {"tokens": [tokens_seen(run) for run in runs], "characters": [characters_seen(run) or 0 for run in runs]}
    notes = []
    for what, counts in seen.items():
        if min(counts) and not _near(counts):
            (least, few), (most, many) = (
                choose(zip(counts, (run.name for run in runs), strict=True)) for choose in (min, max)
            )
            notes.append(f"{many} saw {most / least - 1:.0%} more {what} than {few}: {most:,} against {least:,}")
    return notes


def _near(counts: Sequence[float]) -> bool:
    return max(counts) <= (1 + NEAR) * min(counts)


def _said_budget(run: ComparedRun) -> str:
    config = run.plan["config"]
    begun = f", on from {config['initial']}" if config.get("initial") else ""
    longest = run.masks.get("max_length", "?")
    count = f"{run.report['instances']:,} instances of up to {longest}, {tokens_seen(run):,} tokens"
    return f"{config['steps']:,} steps, {count}{begun}"


def _tasks(runs: Sequence[ComparedRun]) -> list[str]:
    lines = []
    for name in dict.fromkeys(name for run in runs for name in run.tasks):
        scored = [run for run in runs if name in run.tasks]
        settings = {run.name: _setting(run, run.tasks[name]) for run in scored}
        common = set.intersection(*(set(one.items()) for one in settings.values()))
        groups = _by_group(scored, lambda run, settings=settings, common=common: _differing(settings[run.name], common))  # type: ignore[misc]
        lines += [f"{name}: {group}" for group in groups if len(groups) > 1]
    return lines


def _setting(run: ComparedRun, task: dict[str, Any]) -> dict[str, Hashable]:
    """Return the settings that have to be the same: all but those that are compared."""
    config = {} if run.tuning else {name: str(value) for name, value in task["config"].items() if name not in _UNTOLD}
    return {**config, "sha256": task["sha256"][:12]}


def _differing(setting: dict[str, Hashable], common: Collection[tuple[str, Hashable]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(setting.items()) if (name, value) not in common)


def _by_group(runs: Sequence[ComparedRun], said: Callable[[ComparedRun], str]) -> list[str]:
    """Return a line for each group of runs of which the same is said: their names, and that."""
    groups: dict[str, list[str]] = {}
    for run in runs:
        groups.setdefault(said(run), []).append(run.name)
    return [f"{', '.join(names)}: {what}" for what, names in groups.items()]
