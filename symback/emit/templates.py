"""The templates: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from symback.core.diagnostics import Diagnostic, LayerError
from symback.emit.view import ModuleView

_PACKAGE = Path(__file__).resolve().parent.parent
FOLDERS = (_PACKAGE / "_templates", _PACKAGE.parent / "templates")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([str(f) for f in FOLDERS]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(target: str, view: ModuleView) -> str:
    """The module's text.

    Raises:
        LayerError: the target's template is missing from the installation.
    """
    name = f"{target}/module.py.j2"
    try:
        template = _environment().get_template(name)
    except jinja2.TemplateNotFound as missing:
        known = ", ".join(sorted({p.name for f in FOLDERS if f.is_dir() for p in f.iterdir() if p.is_dir()})) or "none"
        problem = Diagnostic("E701", f"there is no template {name}", None, f"reinstall symback, or choose a target among: {known}")
        raise LayerError(problem) from missing
    fields = {f: getattr(view, f) for f in ModuleView.__dataclass_fields__}
    return template.render(fields)
