"""Why a head looks where it looks: its scores taken apart exactly, the phases of its weights, and a verdict.

Two ways are known in which a head comes to look at what an earlier match points to (Elhage et al., 2021, "A
Mathematical Framework for Transformer Circuits", sections on K- and Q-composition): a previous-token head
writes into its keys, or an earlier head moves the *position* of the match into its queries. Where the
distance never changes neither is needed (Kawata et al., 2025, arXiv 2512.18634): with sinusoidal positions a
fixed linear map of queries and keys looks a fixed number of positions back.

* :mod:`interp.why.split`: a score as a sum over who writes on either side, exact;
* :mod:`interp.why.phase`: what the weights alone say of positions.
"""
