"""The rooms of the compiler import one way, from the core outward."""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "symback"
ROOMS = "core functions evaluate frontend rewrite calculus lower report emit check files api cli __main__".split()
COMMAND_LINE = {"symback.cli", "symback.cli.commands"}
HEAVY = {"sympy", "mpmath", "matplotlib"}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def name(path: Path) -> str:
    return ".".join(("symback", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def imports(tree: ast.AST) -> list[tuple[ast.stmt, str]]:
    """Every import of the package's own modules, as (statement, module)."""
    modules = {name(path) for path in FILES}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node, full if (full := f"{node.module}.{alias.name}") in modules else node.module) for alias in node.names]
    return [(node, module) for node, module in found if module.split(".")[0] == "symback"]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_module_imports_only_from_its_own_room_or_one_nearer_the_core(path):
    own = ROOMS.index(name(path).split(".")[1])
    for _, module in imports(ast.parse(path.read_text())):
        if module != "symback":
            assert ROOMS.index(module.split(".")[1]) <= own, module


def running(path: Path) -> ast.Module:
    """A file without what only a type checker imports."""
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    return tree


def test_no_modules_import_each_other_in_a_circle():
    graph = {name(path): {module for _, module in imports(running(path)) if module != name(path)} for path in FILES}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_the_command_line_imports_inside_functions_apart_from_heavy_libraries(path):
    if name(path).startswith("symback.cli"):
        return
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, "names", [])]
                if isinstance(node, ast.Import | ast.ImportFrom):
                    assert {module.split(".")[0] for module in imported} <= HEAVY, ast.unparse(node)
