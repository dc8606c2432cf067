"""The menu that exports what is shown."""
