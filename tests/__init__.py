"""The test suite; a package, so that tests share the oracle."""
