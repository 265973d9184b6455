"""Look at runs: plots as inline SVG, tables, and one self-contained HTML page of them."""

from __future__ import annotations

from zhprep.compare.page import Page
from zhprep.compare.plots import bar_chart, line_chart

__all__ = ["Page", "bar_chart", "line_chart"]
