"""All benchmarks, one after the other."""

from benchmarks import block_attention, decoding, generators

if __name__ == "__main__":
    for benchmark in (generators, block_attention, decoding):
        benchmark.main()
        print()
