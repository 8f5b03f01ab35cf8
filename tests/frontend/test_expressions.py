"""Expressions are read as Python reads them, whatever their size, and know their places."""

import ast
import random
from fractions import Fraction

import pytest

from symback.core.diagnostics import LayerError, Span
from symback.frontend import loads, resolve
from symback.frontend.document import Scalar, read
from symback.frontend.expressions import parse
from symback.frontend.syntax import Form, walk

_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@",
    ast.BitAnd: "and", ast.BitOr: "or", ast.And: "and", ast.Or: "or", ast.USub: "-", ast.Invert: "~", ast.Not: "~",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip


def parsed(text: str):
    return parse(Scalar(text, Span("f", 1, 1), True))


def by_python(node: ast.expr) -> str:
    """The expression with all parentheses, from Python's own tree; chains folded to the left."""
    if isinstance(node, ast.BinOp):
        return f"({by_python(node.left)} {_OPERATORS[type(node.op)]} {by_python(node.right)})"
    if isinstance(node, ast.BoolOp):
        out = by_python(node.values[0])
        for v in node.values[1:]:
            out = f"({out} {_OPERATORS[type(node.op)]} {by_python(v)})"
        return out
    if isinstance(node, ast.UnaryOp):
        inner = by_python(node.operand)
        return inner if isinstance(node.op, ast.UAdd) else f"({_OPERATORS[type(node.op)]}{inner})"
    if isinstance(node, ast.Compare):
        out = by_python(node.left)
        return f"({out}" + "".join(f" {_OPERATORS[type(o)]} {by_python(c)}" for o, c in zip(node.ops, node.comparators, strict=True)) + ")"
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return f"{node.value.id}[{', '.join(map(by_python, items))}]"
    if isinstance(node, ast.Call):
        return f"{node.func.id}({', '.join(map(by_python, node.args))})"
    return node.id if isinstance(node, ast.Name) else str(Fraction(str(node.value)))


def by_symback(s) -> str:
    """The same from symback's tree."""
    parts = [by_symback(a) for a in s.args]
    if s.form in (Form.INTEGER, Form.DECIMAL):
        return str(s.value)
    if s.form is Form.NAME:
        return s.value
    if s.form is Form.SUBSCRIPT:
        return f"{s.value}[{', '.join(parts)}]"
    if s.form is Form.CALL:
        return f"{s.value}({', '.join(parts)})"
    if s.form in (Form.NEGATIVE, Form.NOT):
        return f"({'-' if s.form is Form.NEGATIVE else '~'}{parts[0]})"
    if s.form is Form.COMPARE:
        return f"({parts[0]}" + "".join(f" {r} {p}" for r, p in zip(s.value, parts[1:], strict=True)) + ")"
    signs = {Form.AND: ["and"] * len(parts), Form.OR: ["or"] * len(parts)}.get(s.form) or (
        [None, s.value] if s.form is Form.BINARY else s.value
    )
    out = parts[0]
    for sign, part in zip(signs[1:], parts[1:], strict=True):
        out = f"({out} {sign} {part})"
    return out


def random_expression(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.1:
        return rng.choice(["x", "n", "12", "0.5", "1e-5", ".5", "3.", "x[n, c]", "t[n]"])
    kind = rng.random()
    if kind < 0.55:
        sign = rng.choice(["+", "-", "*", "/", "//", "%", "**", "@", "<", "<=", "==", "!=", "&", "|", " and ", " or "])
        return random_expression(rng, depth - 1) + rng.choice(["", " "]) + sign + rng.choice(["", " "]) + random_expression(rng, depth - 1)
    if kind < 0.7:
        return rng.choice(["-", "~", "+"]) + random_expression(rng, depth - 1)
    if kind < 0.9:
        return f"({random_expression(rng, depth - 1)})"
    return f"f({random_expression(rng, depth - 1)}, {random_expression(rng, depth - 1)})"


def test_random_expressions_bind_as_in_python():
    rng = random.Random(1)
    compared = 0
    for _ in range(3000):
        text = random_expression(rng, rng.randint(1, 5))
        assert by_symback(parsed(text)) == by_python(ast.parse(text, mode="eval").body), text
        compared += 1
    assert compared == 3000


@pytest.mark.parametrize(
    "text",
    [
        "x[n",
        "f(",
        "1 +",
        "* 2",
        "x y",
        "(",
        ")",
        "x[n]]",
        "a = b",
        "x..T",
        "1..2",
        "x[:]",
        "x[1:2]",
        "{}",
        "[1]",
        "lambda: 1",
        "f(x for x in y)",
        "x if y else z",
        "'a'",
        "\\",
        "x;y",
        "0x1f",
        "1_000",
        "1j",
        "x.real",
    ],
)
def test_what_is_not_an_expression_of_the_language_is_refused(text):
    with pytest.raises(LayerError) as caught:
        parsed(text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code.startswith("E3") and diagnostic.span is not None


def test_numbers_are_exact():
    assert [parsed(t).value for t in ("0.1", "1e-5", "1/3"[:1], ".5", "3.", "2.5e3")] == [
        Fraction("0.1"),
        Fraction("1e-5"),
        1,
        Fraction(1, 2),
        3,
        2500,
    ]


def test_every_part_knows_its_characters():
    text = "é"[:0] + "x[n, c] + exp( y[n] )"
    for s in walk(parsed(text)):
        piece = text[s.span.column - 1 : s.span.column - 1 + s.span.length]
        if s.form in (Form.NAME, Form.SUBSCRIPT, Form.CALL):
            assert piece.startswith(s.value) and (s.form is Form.NAME or piece[-1] in ")]")


def where(document: str, word: str) -> tuple[int, int]:
    """The place that is shown for a word that is not part of an expression of the first output."""
    value = read(document, "f").entries[0][1]
    with pytest.raises(LayerError) as caught:
        parse(value)
    span = caught.value.diagnostics[0].span
    assert document.split("\n")[span.line - 1][span.column - 1 :].startswith(word)
    return span.line, span.column


def test_places_are_found_in_quoted_folded_and_literal_texts():
    assert where("y: x + $", "$") == (1, 8)
    assert where('y: "x + $"', "$") == (1, 9)
    assert where("y: 'x + $'", "$") == (1, 9)
    assert where("y: x +\n   z\n   + $", "$") == (3, 6)
    assert where("y: |\n  x +\n  $", "$") == (3, 3)
    assert where("y: >-\n  x + 1\n  + $", "$") == (3, 5)


SUM = "layer: a\ninputs:\n  x: [N]\noutputs:\n  y[n]: {}\n"


def test_a_sum_of_two_thousand_terms_is_read():
    program = resolve(loads(SUM.format(" + ".join(f"sin({k}*x[n])" for k in range(1, 2_001)))))
    assert len(program.bodies["train"].definitions[0].value.args) == 2_000


def test_a_line_of_tens_of_thousands_of_signs_is_refused_before_it_is_read_to_the_end():
    with pytest.raises(LayerError, match="E302: more than 20000 names, numbers and signs"):
        loads(SUM.format(" + ".join(["x[n]"] * 10_000)))


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000 + "x[n]" + ")" * 100_000, "-" * 100_000 + "x[n]", "x[n]**" * 20_000 + "2", "x[n] // 2 % " * 8_000 + "3", "f(" * 50_000],
    ids=["brackets", "minus", "powers", "remainders", "calls"],
)
def test_deep_nesting_is_refused_and_not_followed(text):
    with pytest.raises(LayerError) as caught:
        resolve(loads(SUM.format(text)))
    assert caught.value.diagnostics[0].code in ("E302", "E101")


def test_five_thousand_definitions_in_the_wrong_order_are_ordered():
    lines = "".join(f"  a{k}[n]: a{k - 1}[n] + x[n]\n" if k else "  a0[n]: x[n]\n" for k in reversed(range(5000)))
    program = resolve(loads(f"layer: a\ninputs:\n  x: [N]\nwhere:\n{lines}outputs:\n  y[n]: a4999[n]\n"))
    assert [d.name for d in program.bodies["train"].definitions] == [*(f"a{k}" for k in range(5000)), "y"]
