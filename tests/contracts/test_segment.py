"""What every segmenter must do, whoever wrote it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhprep.core.errors import UsageError
from zhprep.segment import ENGINES, SegmentConfig, SegmentEngine, cut, engines, load_engine
from zhprep.segment.cuts import split
from zhprep.segment.wordline import parse_words

TEXT = st.text(
    st.one_of(
        st.sampled_from("我们研究生命的起源和发展，。 “”A股GPT-4 3D打印无创DNA\t\u3000"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\\▁\n\r"),
    ),
    max_size=30,
)


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest, engine_config: dict[str, str]) -> SegmentEngine:
    config = SegmentConfig(cws=request.param, **engine_config.get(request.param, {}))
    try:
        return load_engine(config)
    except UsageError as error:
        if not error.hint.startswith(("pip ", "give --model", "get the model")):
            raise
        pytest.skip(f"{request.param}: {error}")


@pytest.fixture(scope="module")
def engine_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    lexicon = tmp_path_factory.mktemp("lexicon") / "words.txt"
    lexicon.write_text("研究\n研究生 3\n生命\n起源\n3D打印\n", "utf-8")
    return {"max-match": {"lexicon": str(lexicon)}}


def test_a_file_for_every_engine_and_an_engine_for_every_file() -> None:
    files = {path.stem for path in pathlib.Path(engines.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in ENGINES}


def test_name_and_fingerprint(engine: SegmentEngine) -> None:
    assert ENGINES[engine.name] is type(engine)
    assert engine.fingerprint().startswith(engine.name)
    assert "\n" not in engine.fingerprint()
    assert engine.fingerprint() == engine.fingerprint()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sentences=st.lists(TEXT, min_size=1, max_size=5))
def test_words_give_the_sentence_back(engine: SegmentEngine, sentences: list[str]) -> None:
    rows = engine.cut(sentences)
    texts = [parse_words(line)[0] for line in sentences] if engine.name == "presegmented" else sentences
    assert ["".join(row) for row in rows] == texts
    assert all(word for row in rows for word in row)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sentences=st.lists(TEXT, min_size=2, max_size=6), where=st.integers(0, 6))
def test_result_does_not_depend_on_the_batch(engine: SegmentEngine, sentences: list[str], where: int) -> None:
    together = cut(engine, pa.array(sentences, pa.string()))
    apart = [cut(engine, pa.array(part, pa.string())) for part in (sentences[:where], sentences[where:])]
    assert together.ends.tolist() == np.concatenate([part.ends for part in apart]).tolist()
    counts = np.concatenate([np.diff(part.offsets) for part in apart])
    assert np.diff(together.offsets).tolist() == counts.tolist()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sentences=st.lists(TEXT, min_size=1, max_size=5))
def test_block_form_is_the_plain_form(engine: SegmentEngine, sentences: list[str]) -> None:
    cuts = cut(engine, pa.array(sentences, pa.string()))
    texts = sentences if cuts.text is None else cuts.text.to_pylist()
    bounds = cuts.offsets.tolist()
    rows = [split(text, cuts.ends[bounds[i] : bounds[i + 1]].tolist()) for i, text in enumerate(texts)]
    assert rows == engine.cut(sentences)
