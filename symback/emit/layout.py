"""Long statements over several lines, in the layout that ruff's formatter leaves alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH = 88
INDENT = 4
"""How far the body of a function stands in."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def laid_out(lines: Iterable[str]) -> list[str]:
    """The statements of a function's body with those that are too long opened at their last bracket, an element a line."""
    return [part for line in lines for part in _statement(line)]


def _statement(line: str) -> list[str]:
    if len(line) + INDENT <= WIDTH:
        return [line]
    text = line.lstrip(" ")
    return _opened(text, len(line) - len(text), "") or [line]


def _opened(text: str, indent: int, suffix: str) -> list[str] | None:
    """`text` with its last bracket opened; None where it does not end with one, or holds one thing in square brackets."""
    start = last_bracket(text)
    if start is None:
        return None
    parts = split_at_commas(text[start + 1 : -1])
    if not parts or (text[start] == "[" and len(parts) == 1):
        return None
    out = [f"{' ' * indent}{text[: start + 1]}"]
    comma = "" if _groups(text, start) else ","
    for part in parts:
        whole = f"{' ' * (indent + 4)}{part}{comma}"
        out += [whole] if len(whole) + INDENT <= WIDTH else (_opened(part, indent + 4, comma) or [whole])
    return [*out, f"{' ' * indent}{_CLOSING[text[start]]}{suffix}"]


def _groups(text: str, start: int) -> bool:
    """Whether the bracket only groups one expression, `a * (b + c)`: a comma in it would make a tuple."""
    called = start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_)]")
    return text[start] == "(" and not called and not text[:-1].rstrip().endswith(",") and len(split_at_commas(text[start + 1 : -1])) == 1


def last_bracket(text: str) -> int | None:
    """Where the bracket opens that the text ends with."""
    if not text or text[-1] not in ")]}":
        return None
    depth = 0
    for k, c, quoted in reversed(list(_characters(text))):
        if quoted:
            continue
        depth += (c in ")]}") - (c in "([{")
        if depth == 0:
            return k
    return None


def split_at_commas(text: str) -> list[str]:
    """The elements of what stands in brackets; a last empty one does not count."""
    parts, depth, start = [], 0, 0
    for k, c, quoted in _characters(text):
        if quoted:
            continue
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            parts.append(text[start:k].strip())
            start = k + 1
    rest = text[start:].strip()
    return [*parts, rest] if rest else parts


def _characters(text: str) -> Iterable[tuple[int, str, bool]]:
    """(position, character, whether it belongs to a string)."""
    quote = ""
    for k, c in enumerate(text):
        if quote:
            yield k, c, True
            quote = "" if c == quote else quote
        else:
            quote = c if c in "\"'" else ""
            yield k, c, bool(quote)


def fits_opened(text: str, width: int) -> bool:
    """Whether the text is one name and then one bracket, `_padded(…)`, which fits when it is opened, an element a line."""
    start = last_bracket(text)
    if start is None or not text[:start].replace(".", "").replace("_", "").isalnum():
        return False
    lines = _opened(text, 0, "")
    return lines is not None and all(len(line) <= width for line in lines)


def signature(name: str, arguments: Sequence[str], returns: str) -> list[str]:
    """`def name(arguments) -> returns:` on one line, three, or an argument a line."""
    line = f"def {name}({', '.join(arguments)}) -> {returns}:"
    if len(line) <= WIDTH:
        return [line]
    inner = f"    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"def {name}(", inner, f") -> {returns}:"]
    return [f"def {name}(", *(f"    {a}," for a in arguments), f") -> {returns}:"]


def tuple_text(elements: Sequence[str]) -> str:
    """`(a, b)`, `(a,)`, `()`."""
    return f"({elements[0]},)" if len(elements) == 1 else f"({', '.join(elements)})"
