"""All benchmarks, one after the other."""

from benchmarks import (
    block_attention,
    circuits,
    engine,
    first_look,
    generators,
    growth,
    pairs,
    products,
    synergy,
)

if __name__ == "__main__":
    early = (generators, pairs, products, block_attention, engine, first_look)
    for benchmark in (*early, synergy, circuits, growth):
        benchmark.main()
        print()
