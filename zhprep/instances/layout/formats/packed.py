"""``packed``: several sequences in one instance, full to the brim (ModernBERT, arXiv 2412.13663).

Every document is a sequence with its own ``[CLS]`` and ``[SEP]``; one that is too long is cut at word borders. They are
put where they fit best; room in which nothing fits is filled with the beginning of a sequence. ``cu_seqlens`` says
where sequences begin, so that attention and positions need not cross them. Every token comes just once.
"""

from __future__ import annotations

from zhprep.instances.layout.packing import pack, sequences_of
from zhprep.instances.layout.window import Pieces, Plan, Window


def packed(window: Window, plan: Plan) -> Pieces:
    """Fill instances with sequences; those of instances that are not full are left for the next window."""
    length = plan.config.max_length
    packs = pack(sequences_of(window, length), window.tokens.borders, length, last=plan.last)
    return Pieces(
        instances=packs.instances,
        starts=packs.starts,
        stops=packs.stops,
        n_instances=packs.n_instances,
        kept=window.only(packs.left_starts, packs.left_stops),
        separate=True,
    )
