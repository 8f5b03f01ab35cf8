"""The index calculus: cotangents by one reverse sweep, facts, folding, simplification."""
