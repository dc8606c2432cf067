"""Forward passes of many differently ablated rows at once, cached runs, and greedy decoding."""
