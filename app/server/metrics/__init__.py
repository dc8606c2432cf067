"""How the server is, in numbers for Prometheus."""
