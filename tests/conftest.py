"""What holds for all tests. Nothing of interp is imported here: the shape checks must be in place before it is."""

import os

import hypothesis
import torch

# The models of the tests are so small that a second thread only waits for the first.
torch.set_num_threads(1)

# A slow machine is no failure. In CI the examples are the same in every run, so that a red build can be repeated.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")
