"""Random terms of ablations of the small model, for property tests."""

from hypothesis import strategies as st

from interp.ablation import MEAN, ZERO, Component, Lookback, Term
from tests.support.models import SMALL

LAYERS = st.integers(0, SMALL.n_layers - 1)
COMPONENTS = st.one_of(
    st.builds(Component, LAYERS, st.sampled_from(["attn", "mlp"])),
    st.builds(Component, LAYERS, st.just("head"), st.integers(0, SMALL.n_heads - 1)),
)
LOOKING = st.builds(Lookback, st.sampled_from([0, 1, 100, 404]))
TERMS = COMPONENTS.flatmap(
    lambda part: st.builds(
        Term,
        st.just(part),
        st.sampled_from([ZERO, MEAN])
        if part.kind == "mlp"
        else st.one_of(st.sampled_from([ZERO, MEAN]), LOOKING),
    )
)
SOME_TERMS = st.lists(TERMS, max_size=8)
"""What an ablation is made of; it is made in the test, for checked types draw random numbers of their own."""
