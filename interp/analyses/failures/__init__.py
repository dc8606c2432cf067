"""The failure desk: why a model gets a puzzle wrong.

The smallest change of the puzzle that makes the model right (:mod:`.desk`), among those that leave an answer
to be worked out (:mod:`.ground`), and the rule that would give what it drew (:mod:`.rules`).
"""

from interp.analyses.failures.desk import TRIES, Failure, FailureState, study_failure
from interp.analyses.failures.rules import RuleFit

__all__ = ["TRIES", "Failure", "FailureState", "RuleFit", "study_failure"]
