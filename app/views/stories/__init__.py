"""The stories: those that come along, and one's own."""
