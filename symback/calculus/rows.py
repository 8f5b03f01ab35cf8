"""The table of rules, in the order in which they are tried."""

from __future__ import annotations

from symback.calculus.cases import apart_from_case, few_cases, left_out, masked_zero, merge_branches, own_label, split_condition
from symback.calculus.conditions import certain, clip_cases, held, signed_size, symmetric_range, tie
from symback.calculus.factors import collect, common_factor, shared_by_some
from symback.calculus.facts import Row
from symback.calculus.folding import contraction_proof, fold_contraction, fold_value
from symback.calculus.joint import joint_contraction, transposed
from symback.calculus.sums import delta, one_place, outer_difference, pull_out, recentre, separate, total_probability
from symback.calculus.vanishing import vanishing, vanishing_terms
from symback.core.expr import Op

INLINE = Row(
    "put-in",
    r"\bar x = f(\bar h),\ \bar h = g \;\Rightarrow\; \bar x = f(g)",
    "it is used only here",
    lambda node, facts: None,
    condition="the cotangent has one use, or is short",
    reference="the chain rule",
)
"""Names the step that puts a cotangent into its only use; no rewrite of its own."""

SCALED = Row(
    "common-number",
    r"c \sum \bar x\, w = \sum (c\, \bar x)\, w",
    "all uses of the cotangent have the number",
    lambda node, facts: None,
    condition="a factor of fewer indices bears it",
    reference="the distributive law",
)
"""Names the step that takes a number into a cotangent; no rewrite of its own."""

REFORMED = Row(
    "one-form",
    r"a \sum_k b_k = \sum_k a\, b_k",
    "another gradient holds the sum in this form, and is then read from this one",
    lambda node, facts: None,
    condition="the other gradient's stability rules gave it the form",
    reference="the distributive law",
)
"""Names the step that gives a gradient the form in which another holds it; no rewrite of its own."""

FOLD = Row(
    "fold-value",
    r"f(x) = y",
    "the expression is what a name stands for: a value of forward, or a gradient that is returned",
    fold_value,
    condition="the definition matches with its indices renamed",
    reference="substitution",
)

MASKED_ZERO = Row(
    "masked-zero",
    r"[c]\, e^{u} = e^{u}, \quad [0 < u] \max(u, 0) = \max(u, 0)",
    "the other factor is 0 unless the condition holds",
    masked_zero,
    (Op.MUL,),
    condition="the other factor is 0 wherever c does not hold",
    reference="Iverson 1962",
)

ROWS = (
    Row(
        "split-condition",
        r"\{v \text{ if } c, \text{ else } 0\} = v\,[c]",
        "the value exists on both sides",
        split_condition,
        (Op.PIECEWISE,),
        condition="the value can be worked out where c does not hold",
        reference="Iverson 1962",
    ),
    Row(
        "apart-from-case",
        r"\{a\,v \text{ if } c, \text{ else } 0\} = a\,\{v \text{ if } c, \text{ else } 0\}",
        "the factor has a value on both sides",
        apart_from_case,
        (Op.PIECEWISE,),
        condition="a can be worked out where c does not hold and has an index that v lacks; v has those of c",
        reference="Iverson 1962",
    ),
    Row(
        "certain-range",
        r"[0 \le i] = 1",
        "the indices of its range never leave it",
        certain,
        (Op.PIECEWISE,),
        condition="the condition follows from the range of its indices",
        reference="Iverson 1962",
    ),
    Row(
        "delta",
        r"\sum_i [i = e]\, f_i = f_e",
        "only one term of the sum is not 0",
        delta,
        (Op.REDUCE,),
        condition="e is affine in other indices, or data; where it may leave the range of i, the condition that it does not is kept",
        reference="Kronecker 1868",
    ),
    Row(
        "recentre",
        r"\sum_u \bar y_u w_{u+a} = \sum_k \bar y_{k-a} w_k",
        "both are 0 outside their ranges",
        recentre,
        (Op.REDUCE,),
        condition="u stands in no other factor",
        reference="a change of variable",
    ),
    Row(
        "few-cases",
        r"\sum_{i<2} f_i = f_0 + f_1",
        "the cases are told apart by the index",
        few_cases,
        (Op.REDUCE,),
        condition="the range has at most four values",
    ),
    MASKED_ZERO,
    Row(
        "pull-out",
        r"\sum_k a\,b_k = a \sum_k b_k",
        "what does not depend on the index is a common factor",
        pull_out,
        (Op.REDUCE,),
        condition="a does not depend on k",
        reference="the distributive law",
    ),
    Row(
        "separate",
        r"\sum_{ij} a_i b_j = \sum_i a_i \sum_j b_j",
        "no factor has both indices",
        separate,
        (Op.REDUCE,),
        condition="no factor has both indices",
        reference="the distributive law",
    ),
    Row(
        "own-label",
        r"e^{\{u_e \text{ if } t_e = v, \text{ else } -\infty\} - f_v} = [t_e = v]\, e^{u_e - f_{t_e}}",
        "elsewhere the exponential is 0",
        own_label,
        (Op.CALL,),
        condition="v shares no index with the label or the entry",
        reference="Iverson 1962",
    ),
    Row(
        "transposed",
        r"\sum_k K_{ki}\, a_k = \sum_k K_{ik}\, a_k",
        "the matrix is its own transpose",
        transposed,
        (Op.REDUCE,),
        condition="the definition of K shows that it is symmetric",
        reference="the definition of a transpose",
    ),
    Row(
        "vanishing-sum",
        r"\sum_n (x_n - \mu) = 0",
        "the definitions of the values prove it",
        vanishing,
        (Op.REDUCE,),
        lambda n, f: vanishing_terms(n, f) or (),
        condition="the definitions of the values prove that the sum is 0",
    ),
    Row(
        "total-probability",
        r"\sum_k p_k = 1",
        "the entries of a softmax add up to 1",
        total_probability,
        (Op.REDUCE,),
        condition="p is a softmax over k, and the sum runs over all of k",
        reference="definition of the softmax",
    ),
    Row(
        "one-place",
        r"\sum_k [t_n = k] = 1",
        "a label is one of the values of the index",
        one_place,
        (Op.REDUCE,),
        condition="t is declared to hold values of k only, and the sum runs over all of k",
        reference="Kronecker 1868",
    ),
    Row(
        "collect",
        r"(a - p) - (a - q) = q - p",
        "equal terms of the brackets meet",
        collect,
        (Op.ADD,),
        condition="a term of one bracket meets its opposite in another",
    ),
    Row(
        "outer-difference",
        r"\sum_m g_{nm}(x_n - z_m) = x_n \sum_m g_{nm} - \sum_m g_{nm} z_m",
        "neither part has all indices of the bracket",
        outer_difference,
        (Op.REDUCE,),
        condition="each part of the bracket lacks an index that the other factor has",
        reference="the distributive law",
    ),
    Row(
        "held",
        r"[c < x]\, (\max(x, c) - x) = 0, \quad [c < x]\, [\max(x, c) < d] = [c < x]\, [x < d]",
        "elsewhere the product is 0",
        held,
        (Op.MUL,),
        condition="c is constant",
        reference="the conventions at kinks",
    ),
    Row(
        "symmetric-range",
        r"[-c < x]\, [x < c] = [|x| < c]",
        "one comparison does for two",
        symmetric_range,
        (Op.MUL,),
        condition="c is a constant",
    ),
    Row(
        "clip-cases",
        r"\{x \text{ if } |x| \le c, \text{ else } c \operatorname{sign} x\} = \min(\max(x, -c), c)",
        "the cases meet at the bounds",
        clip_cases,
        (Op.PIECEWISE,),
        condition="the cases meet at both bounds",
    ),
    Row(
        "tie",
        r"\{0 \text{ if } p x < q x, 1 \text{ if } q x < p x, \text{ else } \tfrac12\} = \operatorname{step} x, \quad p > q",
        "which multiple is larger is a matter of the sign",
        tie,
        (Op.PIECEWISE,),
        condition="p and q are numbers, p > q",
        reference="the conventions at kinks",
    ),
    Row(
        "signed-size",
        r"\operatorname{sign}(x) \min(|x|, c) = \min(\max(x, -c), c)",
        "the sign belongs to what lies within the bounds",
        signed_size,
        (Op.MUL,),
        condition="c is not negative",
    ),
    Row(
        "merge-cases",
        r"[c]\,a + [c]\,b = [c]\,(a + b)",
        "the same conditions decide both",
        merge_branches,
        (Op.ADD,),
        condition="the terms have the same conditions",
        reference="Iverson 1962",
    ),
    Row(
        "fold-contraction",
        r"\sum_j P_{ij} \sum_e g_{ie} V_{je} = \sum_e g_{ie} O_{ie}",
        "the inner sum over the other index is a value already",
        fold_contraction,
        (Op.REDUCE,),
        contraction_proof,
        condition="the inner sum, multiplied by P and summed over j, is the definition of a value that forward has",
        reference="Dao et al. 2022, FlashAttention",
    ),
    FOLD,
    Row(
        "common-factor",
        r"a\,b + a\,c = a\,(b + c)",
        "the distributive law",
        common_factor,
        (Op.ADD,),
        condition="all terms have the factor",
        reference="the distributive law",
    ),
)

LAST_ROWS = (
    Row(
        "left-out",
        r"\sum_k a_k \{0 \text{ if } c_k, \text{ else } v_k\} = \sum_k a_k v_k [\neg c_k]",
        "the value exists on both sides",
        left_out,
        (Op.REDUCE,),
        condition="the value can be worked out where c holds, and no case distinction with the same conditions is left to join",
        reference="Iverson 1962",
    ),
    MASKED_ZERO,
    Row(
        "joint-contraction",
        r"\sum_k a_k w_k + \sum_k b_k w_k = \sum_k (a_k + b_k)\, w_k",
        "the distributive law, and a matrix that its definition shows to be symmetric is its transpose",
        joint_contraction,
        (Op.ADD,),
        condition="a and b have the same indices; they are values, or w is one with an index more",
        reference="the distributive law",
    ),
    Row(
        "shared-by-some",
        r"a\,b + a\,c + d = a\,(b + c) + d",
        "the distributive law",
        shared_by_some,
        (Op.ADD,),
        condition="nothing else applies any more",
        reference="the distributive law",
    ),
)
"""Applied when nothing else can be: what they join, no other row would find again. Conditions that come out of a choice may be those
of another factor."""
