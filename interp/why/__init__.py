"""Why a head looks where it looks: its scores taken apart exactly, the phases of its weights, and a verdict.

Two ways are known in which a head comes to look at what an earlier match points to (Elhage et al., 2021, "A
Mathematical Framework for Transformer Circuits", sections on K- and Q-composition): a previous-token head
writes into its keys, or an earlier head moves the *position* of the match into its queries. Where the
distance never changes neither is needed (Kawata et al., 2025, arXiv 2512.18634): with sinusoidal positions a
fixed linear map of queries and keys looks a fixed number of positions back.

* :mod:`interp.why.depth`: what lies below a head that it could be composed with;
* :mod:`interp.why.split`: a score as a sum over who writes on either side, exact;
* :mod:`interp.why.phase`: what the weights alone say of positions;
* :mod:`interp.why.interventions`: what the head does when one of its sides reads something else;
* :mod:`interp.why.verdict`: the decision, and what was rejected;
* :mod:`interp.why.over_training`: when they came to look there, over a training whose moments were kept;
* :mod:`interp.why.planted`: heads of which it is known why they look where they look.
"""

from interp.why.over_training import Birth, HeadThen, OverTraining, over_training
from interp.why.phase import Null, Phase, head_phase
from interp.why.split import CLASSES, CONTENT, PARTS, POSITION, CellSplit, HeadSplit, Share, Term
from interp.why.splitting import Gaze, cell_split, gazes_of, split_heads, split_rows
from interp.why.usual import held_out
from interp.why.verdict import VERDICTS, Check, HeadReason, head_reason, reason_of_rows

__all__ = [
    "CLASSES",
    "CONTENT",
    "PARTS",
    "POSITION",
    "VERDICTS",
    "Birth",
    "CellSplit",
    "Check",
    "Gaze",
    "HeadReason",
    "HeadSplit",
    "HeadThen",
    "Null",
    "OverTraining",
    "Phase",
    "Share",
    "Term",
    "cell_split",
    "gazes_of",
    "head_phase",
    "head_reason",
    "held_out",
    "over_training",
    "reason_of_rows",
    "split_heads",
    "split_rows",
]
