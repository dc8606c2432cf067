"""What the dashboard asks of circuits: frozen questions, which the backend keeps the answers of."""

from interp.circuits.questions.certifying import CertificateOf, Certified
from interp.circuits.questions.cutting import AnswerWithout, Cut
from interp.circuits.questions.effects import EdgeEffects, Effects
from interp.circuits.questions.finding import CircuitOf, Search

__all__ = [
    "AnswerWithout",
    "CertificateOf",
    "Certified",
    "CircuitOf",
    "Cut",
    "EdgeEffects",
    "Effects",
    "Search",
]
