"""Which streams of hidden states a model has, and what gives them: from a batch to what objectives read."""

from __future__ import annotations

from zhprep.models.bodies.body import Body
from zhprep.models.bodies.causal import CausalBody
from zhprep.models.bodies.compared import ComparedBody
from zhprep.models.bodies.encoder_decoder import EncoderDecoderBody
from zhprep.models.bodies.generator_discriminator import GeneratorDiscriminatorBody
from zhprep.models.bodies.single import SingleBody
from zhprep.models.bodies.two_granularities import TwoGranularitiesBody

BODIES: dict[str, type[Body]] = {
    "single": SingleBody,
    "causal": CausalBody,
    "generator-discriminator": GeneratorDiscriminatorBody,
    "encoder-decoder": EncoderDecoderBody,
    "two-granularities": TwoGranularitiesBody,
    "compared": ComparedBody,
}
