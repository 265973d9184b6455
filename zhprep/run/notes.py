"""What a user should hear of beyond counts: a note is a line in the report of any command that did the stage.

In: the account of a command. Out: the notes, each with what to do.
"""

from __future__ import annotations

from zhprep.core.report import Account


def notes_of(account: Account) -> list[str]:
    """Return the notes on what was seen."""
    return [note for note in (_wrapped(account), _traditional(account)) if note]


def _traditional(account: Account) -> str | None:
    n_looked_at = account.seen["sentences_looked_at"]
    if 2 * account.seen["traditional"] <= n_looked_at:
        return None
    share = account.seen["traditional"] / n_looked_at
    return (
        f"{share:.0%} of the sentences looked at are Traditional, and segmenters know Simplified words: "
        "--via-simplified (in a recipe, via_simplified of [segment]) finds more of the words, of the text as written"
    )


def _wrapped(account: Account) -> str | None:
    n_broken, n_looked_at = account.seen["broken_lines"], account.seen["lines_looked_at"]
    if 5 * n_broken <= n_looked_at:
        return None
    return (
        f"{n_broken / n_looked_at:.0%} of the lines looked at seem to be broken by the width of a page, and so are "
        "sentences: --unwrap (in a recipe, unwrap of [normalize]) joins them"
    )
