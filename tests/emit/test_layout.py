"""Long statements opened at their last bracket mean what they meant on one line."""

import ast

import pytest

from symback.emit.layout import laid_out

NAMES = [f"value_number_{k}" for k in range(8)]


@pytest.mark.parametrize(
    "line",
    [
        f"total = scale * ({' + '.join(NAMES)})",
        f"cache = Cache({', '.join(NAMES)})",
        f"pair = ({', '.join(NAMES)})",
        f"        deeper = first[{', '.join(NAMES[:5])}] * (({' + '.join(NAMES)}) / 2)",
        f"single = ({' + '.join(NAMES)},)",
    ],
)
def test_an_opened_statement_is_the_same_statement(line):
    text = "\n".join(laid_out([line]))
    assert "\n" in text
    assert ast.dump(ast.parse(text.replace("\n        ", "\n").strip())) == ast.dump(ast.parse(line.strip()))
