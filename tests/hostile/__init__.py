"""Layer files from strangers: each is answered, nothing in it runs, nothing hangs."""
