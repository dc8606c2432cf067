"""``edges``, ``circuit``, ``certify``: what connections are worth, the few that a task needs, and whether
these are what they claim to be."""

from interp.cli.circuits.certifying import certify as certify
from interp.cli.circuits.finding import circuit as circuit
from interp.cli.circuits.scoring import edges as edges
