"""The examples compile, are right, and train."""
