"""What the tests of a deployment share."""
