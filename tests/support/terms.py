"""Random terms of ablations of the small model, for property tests."""

from hypothesis import strategies as st

from interp.ablation import MEAN, ZERO, Component, Lookback, Optimal, PairEnd, Pattern, Resample, Term
from tests.support.models import SMALL

LAYERS = st.integers(0, SMALL.n_layers - 1)
COMPONENTS = st.one_of(
    st.builds(Component, LAYERS, st.sampled_from(["attn", "mlp"])),
    st.builds(Component, LAYERS, st.just("head"), st.integers(0, SMALL.n_heads - 1)),
)
DRAWN = (Resample(0), Resample(7), PairEnd())
FILLING = st.sampled_from([ZERO, MEAN, Optimal(), *DRAWN])
LOOKING = st.one_of(st.builds(Lookback, st.sampled_from([0, 1, 100, 404])), st.just(Pattern()))
TERMS = COMPONENTS.flatmap(
    lambda part: st.builds(
        Term, st.just(part), FILLING if part.kind == "mlp" else st.one_of(FILLING, LOOKING)
    )
)
SOME_TERMS = st.lists(TERMS, max_size=8)
"""What an ablation is made of; it is made in the test, for checked types draw random numbers of their own."""
