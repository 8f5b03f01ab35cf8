"""From index notation to array statements."""
