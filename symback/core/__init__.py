"""Leaves that import nothing else of symback: expressions, programs, diagnostics."""
