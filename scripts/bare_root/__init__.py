"""What the Dockerfile does, done without a container engine; see ``__main__``."""
