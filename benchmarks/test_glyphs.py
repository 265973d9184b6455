"""Rendering, on one core."""

from __future__ import annotations

import time

import pytest

from zhprep.glyphs import GlyphsConfig, build, open_face

pytestmark = pytest.mark.benchmark(group="glyphs")


@pytest.mark.parametrize("face", ["song", "kai", "xing"])
def test_glyphs_per_second(benchmark, face):
    entries = sorted(open_face(face).characters)[-4000:]
    config = GlyphsConfig(font=(face,), missing="zeros")
    build(config, entries[:10])
    started = time.process_time()
    rendered = benchmark.pedantic(build, (config, entries), rounds=1)
    rate = len(entries) / (time.process_time() - started)
    benchmark.extra_info["glyphs_per_second"] = round(rate)
    assert (rendered.source >= 0).sum() > 3900
    assert rate > 5000
