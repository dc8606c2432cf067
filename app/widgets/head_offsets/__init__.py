"""The heads' attention by offset and by cell."""
