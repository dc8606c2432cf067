"""Commands that explain one answer."""
