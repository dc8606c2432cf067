"""Charts that are begun when a visitor asks for them: pairs of heads, and methods of ablation."""
