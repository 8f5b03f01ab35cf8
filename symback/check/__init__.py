"""Is a compiled layer right? Its gradients against numerical derivatives, its numbers against high precision.

Everything here judges from outside: the reference values come from an evaluation of the declared program that shares
no code with the lowering or with the generated module.
"""
