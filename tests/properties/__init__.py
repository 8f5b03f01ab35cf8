"""Random well-typed layers over the whole language, compiled and compared with the oracle."""
