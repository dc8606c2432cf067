"""What runs in the browser, and what goes there."""
