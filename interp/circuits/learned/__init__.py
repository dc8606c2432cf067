"""Circuits that are learned: a gate at every edge, and which of them may shut is found by descent."""
