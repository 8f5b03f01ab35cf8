"""Rules as rows, the engine that applies them, and the tables of stability rules."""

from symback.rewrite.facts import Context
from symback.rewrite.rule import Rule, Step
from symback.rewrite.stability import GRADIENT_RULES, RULES, context_within, stabilise, stabilise_gradient

__all__ = ["GRADIENT_RULES", "RULES", "Context", "Rule", "Step", "context_within", "stabilise", "stabilise_gradient"]
