"""Formulas for people: LaTeX, plain text for terminals, SymPy objects.

Imports only core (expressions and programs). Whatever a printer returns depends on nothing but its arguments.
"""
