"""What expressions and programs are worth: node by node over a grid of indices, and points to work them out at.

Nothing here is shared with the lowering or with a generated module, so that both can be judged by it.
"""
