"""What is on screen, as a value and as a link, and the backend that all visitors share."""
