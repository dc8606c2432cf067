"""Controls whose value is part of the scene."""
