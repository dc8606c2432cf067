"""What helps to tell others: stories, a page for an audience, and a talk that others follow."""
