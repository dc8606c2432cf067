"""What the server knows of itself, and tells those who look after it: requests, visits, runs of pages, and
what the backend computes."""
