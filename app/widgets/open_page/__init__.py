"""What an open page needs of its browser as a whole."""
