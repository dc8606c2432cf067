"""Studies of whole data sets: each component ablated on each of up to millions of puzzles.

A study is a folder (:mod:`interp.studies.folder`): its plan, which says all that its numbers depend on, and
Parquet parts, one of each table for a chunk of puzzles. A chunk is the unit of work: it is computed whole,
written whole, and named by its number, so to compute it again changes nothing. Engines
(:mod:`interp.studies.engines`) decide where chunks are computed.
"""
