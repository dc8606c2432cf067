"""Results that fill up while a visitor looks."""
