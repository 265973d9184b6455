"""One sentence as each variant masks or corrupts it: its own segmenter, vocabulary and strategy, the same key."""

from __future__ import annotations

from zhprep.compare.runs import ComparedRun
from zhprep.core import config as settings
from zhprep.core.errors import Stopped, ZhprepError
from zhprep.instances import InstancesConfig, instances_config
from zhprep.instances.inspect import Shown, view_corrupted, view_sentence
from zhprep.segment import SegmentConfig, segment_sentence
from zhprep.vocab import load

SENTENCE = "使用语言模型来预测下一个词的概率。"
"""The example of the MacBERT paper (Cui et al. 2021, arXiv:2004.13922, Table 1)."""


def masked_by(run: ComparedRun, sentence: str) -> Shown | str:
    """Return ``sentence`` as ``run`` masks it in its first epoch, or why that cannot be shown.

    Without its instances, which know the segmenter, words are those of jieba.
    """
    try:
        config = _config(run)
        made = run.made_with.get("segment", {})
        words = segment_sentence(sentence, settings.build(SegmentConfig, made, where=f"the instances of {run.name}"))
        vocabulary = load(run.path)
        if config.corruption:
            return view_corrupted(words, vocabulary, config)
        return Shown(view_sentence(words, vocabulary, config), {})
    except Stopped:
        raise
    except ZhprepError as error:
        return str(error)


def _config(run: ComparedRun) -> InstancesConfig:
    if run.data is not None:
        return instances_config(run.data_folder, run.data)
    config: InstancesConfig = settings.build(InstancesConfig, run.masks, where=f"the plan of {run.name}")
    return config
