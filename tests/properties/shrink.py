"""A failing layer made as small as its failure allows, by cutting the text: lines, branches, operands, declarations."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Callable, Iterator

import yaml

from tests.properties.case import Case
from tests.properties.layers import words

_LINES = ("where", "outputs", "update")
_TENSORS = ("inputs", "params", "state", "random")


def shrunk(case: Case, still_fails: Callable[[Case], bool], most: int = 300) -> Case:
    """The smallest case found; `still_fails` must be false for layers that break a rule."""
    tried = 0
    progress = True
    while progress and tried < most:
        progress = False
        for candidate in _candidates(case):
            tried += 1
            if tried > most:
                break
            if still_fails(candidate):
                case, progress = candidate, True
                break
    return case


def _candidates(case: Case) -> Iterator[Case]:
    raw = yaml.load(case.text, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader makes strings only)
    for section in _LINES:
        for key in raw.get(section) or {}:
            if section != "outputs" or len(raw["outputs"]) > 1:
                yield _without(raw, section, key, case)
    for section in ("assume", "indices", "modes", "dims"):
        for key in list(raw.get(section) or ()):
            yield _without(raw, section, key, case)
    for section in _LINES:
        for key, text in (raw.get(section) or {}).items():
            for smaller in _smaller(text):
                changed = copy.deepcopy(raw)
                changed[section][key] = smaller
                yield _case(changed, case)


def _without(raw: dict, section: str, key: str, case: Case) -> Case:
    changed = copy.deepcopy(raw)
    if isinstance(changed[section], list):
        changed[section].remove(key)
    else:
        del changed[section][key]
    if not changed[section]:
        del changed[section]
    return _case(changed, case)


def _case(raw: dict, case: Case) -> Case:
    used: set[str] = set()
    for section in _LINES:
        for k, v in (raw.get(section) or {}).items():
            used |= words(k) | words(v)
    used |= words(str(raw.get("modes", "")))
    for section in (*_TENSORS, "hyperparameters", "use"):
        kept = {n: d for n, d in (raw.get(section) or {}).items() if n in used}
        raw.pop(section, None)
        if kept:
            raw[section] = kept
    if "assume" in raw:
        raw["assume"] = [a for a in raw["assume"] if words(a) & used]
        if not raw["assume"]:
            del raw["assume"]
    names = names_of(raw)
    return Case(_written(raw), {n: v for n, v in case.values.items() if n in names}, _given(raw, case), case.mode, case.files)


def _given(raw: dict, case: Case) -> dict[str, object]:
    return {n: v for n, v in case.hyper.items() if n in (raw.get("hyperparameters") or {})}


def _written(raw: dict) -> str:
    order = (
        "layer",
        "inputs",
        "params",
        "state",
        "random",
        "hyperparameters",
        "dims",
        "indices",
        "where",
        "outputs",
        "update",
        "use",
        "modes",
        "assume",
        "wrt",
    )
    out = []
    for section in order:
        if section not in raw:
            continue
        body = raw[section]
        if isinstance(body, str):
            out.append(f"{section}: {body}")
        elif section == "wrt":
            out.append(f"wrt: {_entry([n for n in body if n in names_of(raw)])}")
        elif isinstance(body, list):
            out.append(f"{section}:")
            out.extend(f"  - {v}" for v in body)
        else:
            out.append(f"{section}:")
            out.extend(f"  {k}: {_entry(v, section == 'modes')}" for k, v in body.items())
    return "\n".join(out) + "\n"


def names_of(raw: dict) -> set[str]:
    """The tensors that are declared."""
    return {n for s in _TENSORS for n in raw.get(s) or {}}


def _entry(v: object, quoted: bool = False) -> str:
    if isinstance(v, list):
        return f"[{', '.join(v)}]"
    if isinstance(v, dict):
        return "{" + ", ".join(f"{json.dumps(k) if quoted else k}: {_entry(w, quoted or k == 'dist')}" for k, w in v.items()) + "}"
    return json.dumps(v) if quoted else str(v)


def _smaller(text: str) -> Iterator[str]:
    """The expression with one part replaced by a part of that part, larger cuts first."""
    tree = ast.parse(text, mode="eval").body
    nodes = [n for n in ast.walk(tree) if isinstance(n, ast.expr)]
    seen = {ast.unparse(tree)}
    for node in nodes:
        for part in _parts(node):
            smaller = ast.unparse(_Replace(node, part).visit(copy.deepcopy(tree)) if node is not tree else part)
            if smaller not in seen:
                seen.add(smaller)
                yield smaller


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BoolOp):
        return list(node.values)
    if isinstance(node, ast.Compare):
        return []
    if isinstance(node, ast.Subscript):
        return [ast.Constant(1)]
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "Piecewise":
            fewer = (
                [ast.Call(node.func, [a for a in node.args if a is not cut], []) for cut in node.args[:-1]] if len(node.args) > 2 else []
            )
            return [a.elts[0] for a in node.args] + fewer
        fewer = [ast.Call(node.func, [a for a in node.args if a is not cut], []) for cut in node.args[1:]] if len(node.args) > 2 else []
        return [*node.args[:2], *fewer, ast.Constant(1)]
    return []


class _Replace(ast.NodeTransformer):
    """One node of a copied tree replaced; the node is found by its place."""

    def __init__(self, node: ast.expr, part: ast.expr):
        self.place = (type(node), node.lineno, node.col_offset, node.end_col_offset)
        self.part = part

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.expr) and (type(node), node.lineno, node.col_offset, node.end_col_offset) == self.place:
            return self.part
        return self.generic_visit(node)
