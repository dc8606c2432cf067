"""A line that says that the server is away."""
