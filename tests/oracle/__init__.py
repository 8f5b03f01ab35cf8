"""A slow, independent reading of the layer language: one element at a time, from the written formula.

It shares nothing with the compiler: it reads the YAML itself, finds the ranges of the indices for the concrete sizes that it
is given, and knows no derivatives; gradients are differences in the complex plane. What the compiler makes is judged by it.
"""

from tests.oracle.arithmetic import HIGH_PRECISION, MACHINE, Arithmetic, watched
from tests.oracle.document import BadLayer, Layer, read_file, read_text
from tests.oracle.evaluate import Result, drawn, evaluate, floats
from tests.oracle.gradients import differentiated, directional_derivative, gradients

__all__ = [
    "HIGH_PRECISION",
    "MACHINE",
    "Arithmetic",
    "BadLayer",
    "Layer",
    "Result",
    "differentiated",
    "directional_derivative",
    "drawn",
    "evaluate",
    "floats",
    "gradients",
    "read_file",
    "read_text",
    "watched",
]
