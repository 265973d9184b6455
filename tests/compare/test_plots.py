"""Plots: well-formed, everything escaped, where the numbers say."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.compare.plots import BOTTOM, HALF, HEIGHT, LEFT, RIGHT, TOP, WIDE, bar_chart, line_chart

EVIL = '<script>alert("x")</script>&\'"'
numbers = st.floats(-1e9, 1e9) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 5e-324, 1e300])


def parsed(svg):
    """The picture as a tree; the legend after it is HTML."""
    return ElementTree.fromstring(f"<div>{svg}</div>")


def places(tree):
    points = [pair.split(",") for line in tree.iter("polyline") for pair in line.get("points").split()]
    return [(float(x), float(y)) for x, y in points]


@given(st.lists(st.tuples(numbers, numbers), max_size=30), st.dictionaries(st.text(max_size=5), numbers, max_size=2))
def test_any_numbers_give_a_picture_within_its_frame(points, levels):
    levels = {name: level for name, level in levels.items() if name.isprintable()}
    svg = line_chart({"a": points}, x_label="x", y_label="y", levels=levels, width=HALF)
    drawn = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if not drawn:
        assert svg == ""
        return
    assert len(places(parsed(svg))) == len(drawn)
    for x, y in places(parsed(svg)):
        assert LEFT - 0.1 <= x <= HALF - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1


@given(st.lists(numbers.map(abs), min_size=1, max_size=40))
def test_any_bars(values):
    tree = parsed(bar_chart([(str(n), value) for n, value in enumerate(values)], y_label="n"))
    bars = list(tree.iter("rect"))
    assert len(bars) == len(values)
    assert all(-0.1 <= float(bar.get("height")) <= HEIGHT for bar in bars)


def test_a_line_goes_where_its_numbers_say():
    (first, second), *_ = [places(parsed(line_chart({"a": [(0, 0), (10, 1)]}, x_label="x", y_label="y")))]
    assert first == (LEFT, HEIGHT - BOTTOM)
    assert second == (WIDE - RIGHT, TOP)


def test_bars_are_as_high_as_their_numbers():
    tree = parsed(bar_chart([("a", 1.0), ("b", 2.0), ("c", 4.0)], y_label="n", expected=[1.0, 2.0, 4.0]))
    heights = [float(bar.get("height")) for bar in tree.iter("rect")]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)
    assert heights[2] == pytest.approx(4 * heights[0], abs=0.2)
    marks = [float(line.get("y1")) for line in tree.iter("line") if line.get("class") == "level"]
    assert marks == pytest.approx([HEIGHT - BOTTOM - height for height in heights], abs=0.2)


def test_what_is_written_is_escaped():
    pictures = (
        line_chart({EVIL: [(0, 1), (1, 2)], "b": [(0, 1)]}, x_label=EVIL, y_label=EVIL, levels={EVIL: 1.5}),
        bar_chart([(EVIL, 1.0)], y_label=EVIL, x_label=EVIL),
    )
    for picture in pictures:
        assert "<script" not in picture
        assert [text for text in parsed(picture).itertext() if EVIL in text]


def test_a_legend_only_where_there_are_several():
    one = line_chart({"a": [(0, 1)]}, x_label="x", y_label="y")
    two = line_chart({"a": [(0, 1)], "b": [(0, 2)]}, x_label="x", y_label="y")
    assert "legend" not in one
    assert re.findall(r'<i class="(s\d)">', two) == ["s1", "s2"]


def test_a_series_without_a_line_here_has_no_entry_and_others_keep_their_colours():
    svg = line_chart({"a": [(0, 1)], "b": [], "c": [(0, 2)]}, x_label="x", y_label="y")
    assert re.findall(r'<i class="(s\d)"></i>(\w)', svg) == [("s1", "a"), ("s3", "c")]


def test_more_series_than_colours_are_dashed():
    svg = line_chart({str(n): [(0, n), (1, n)] for n in range(8)}, x_label="x", y_label="y")
    assert len(set(re.findall(r'<polyline class="line ([^"]*)"', svg))) == 8
    assert '<polyline class="line s1 d1"' in svg


def test_nothing_to_draw():
    assert line_chart({}, x_label="x", y_label="y") == ""
    assert line_chart({"a": []}, x_label="x", y_label="y", levels={"b": 1.0}) == ""
    assert bar_chart([], y_label="n") == ""


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 12, 24])
def test_there_is_no_half_of_a_layer_or_a_step(layers):
    svg = line_chart({"wwm": [(n, n / 30) for n in range(layers + 1)]}, x_label="layer", y_label="f1", width=420)
    numbers = re.findall(r'text-anchor="middle">([^<]+)</text>', svg)[:-1]
    assert numbers[0] == "0"
    assert len(set(numbers)) == len(numbers) >= 2
    assert [number for number in numbers if "." in number] == []
    halves = line_chart({"wwm": [(0.5, 1), (1.0, 2)]}, x_label="seconds", y_label="nats", width=420)
    assert ">0.6<" in halves
