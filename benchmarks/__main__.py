"""All benchmarks, one after the other."""

from benchmarks import block_attention, engine, first_look, generators, growth

if __name__ == "__main__":
    for benchmark in (generators, block_attention, engine, first_look, growth):
        benchmark.main()
        print()
