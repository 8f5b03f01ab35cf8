"""What each command of the command line does. Every function here takes the parsed options and returns the exit status."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from pathlib import Path
from types import ModuleType

from symback import __version__, frontend
from symback.core.diagnostics import Diagnostic, InternalFault, LayerError
from symback.core.program import Program
from symback.frontend.document import decode
from symback.report.terminal import table, wants_colour

FINE, WRONG = 0, 1
STDIN = "<stdin>"
MAX_BYTES = 1 << 22

STARTING_FILE = """\
# A layer in index notation. `symback compile {name}.yaml` writes {name}.py; `symback check {name}.yaml` checks its gradients.
layer: {name}
doc: An affine map followed by tanh.
inputs:
  x: [N, I]
params:
  W: {{shape: [I, O], init: "normal(0, sqrt(1/I))"}}
  b: {{shape: [O], init: zeros}}
where:
  h[n, o]: Sum(x[n, i]*W[i, o], i) + b[o]
outputs:
  y[n, o]: tanh(h[n, o])
"""


def write_module(options: argparse.Namespace) -> int:
    """Write the module of a layer."""
    from symback import api

    output = options.output or ("-" if options.layer == "-" else str(api.default_output(options.layer)))
    if output != "-" and options.layer != "-" and os.path.realpath(output) == os.path.realpath(options.layer):
        raise LayerError(Diagnostic("E903", f"{output} is the layer file itself", mend="name another file with -o"))
    compiled = api.compile(read(options.layer), target=options.target, with_=options.extras)
    if output == "-":
        put(compiled.source)
    else:
        compiled.write(output, force=options.force)
        sys.stderr.write(f"wrote {output}\n")
    return FINE


def check_layer(options: argparse.Namespace) -> int:
    """Compare a layer's gradients, or its accuracy, with a reference; status 1 where something is wrong."""
    from symback import api
    from symback.check import tables
    from symback.check.points import CannotSample

    if options.plot and not options.accuracy:
        sys.stderr.write("symback check: error: --plot needs --accuracy\n")
        return 2
    compiled = api.compile(read(options.layer), target=options.target)
    program, module = compiled.program, compiled.load()
    colour = wants_colour(sys.stdout)
    try:
        if options.accuracy:
            return _check_accuracy(program, module, options)
        from symback.check.gradients import check_gradients

        report = check_gradients(program, module, options.seed)
        put(tables.gradient_json(report) if options.json else tables.gradient_table(report, colour))
        return FINE if report.right else WRONG
    except CannotSample as error:
        raise LayerError(Diagnostic("E904", str(error), mend="see check: in the language's page")) from error


def _check_accuracy(program: Program, module: ModuleType, options: argparse.Namespace) -> int:
    from symback.check import tables
    from symback.check.accuracy import check_accuracy
    from symback.files import write_atomically

    if options.plot:
        try:
            from symback.check import picture
        except ImportError as error:
            raise LayerError(
                Diagnostic("E905", "--plot needs matplotlib, which is not installed", mend="pip install matplotlib")
            ) from error
    report = check_accuracy(program, module, options.seed)
    put(tables.accuracy_json(report) if options.json else tables.accuracy_table(report, wants_colour(sys.stdout)))
    if options.plot:
        try:
            drawn = picture.drawn(report, program.name, Path(options.plot).suffix.removeprefix(".") or "png")
        except ValueError as error:
            raise LayerError(Diagnostic("E902", f"{options.plot} cannot be written: {error}")) from error
        write_atomically(options.plot, drawn, force=True)
    return FINE if report.clean else WRONG


def print_latex(options: argparse.Namespace) -> int:
    """Print the formulas as LaTeX."""
    from symback import emit
    from symback.report.document import document

    put(document(emit.build(read(options.layer), target=options.target), steps=options.steps, standalone=options.document))
    return FINE


def show_layer(options: argparse.Namespace) -> int:
    """Print the formulas for the terminal."""
    from symback import emit
    from symback.report import terminal

    built = emit.build(read(options.layer), target=options.target)
    colour = wants_colour(sys.stdout)
    put(terminal.shown(built, steps=options.steps, colour=colour))
    if options.cost:
        from symback.report.cost import cost_table

        put("\n" + cost_table(built, colour))
    return FINE


def list_library(options: argparse.Namespace) -> int:
    """List the standard library."""
    rows = [[name, shortened(words)] for name, words in frontend.library_layers()]
    put(table(["layer", "what it computes"], rows, wants_colour(sys.stdout)))
    return FINE


def shortened(words: str) -> str:
    """The words, cut where they do not fit the line of a usual terminal."""
    return words if len(words) <= 96 else words[:95].rstrip() + "…"


def write_starting_file(options: argparse.Namespace) -> int:
    """Write a starting file."""
    from symback.files import write_atomically

    name = options.name
    if not (name.isidentifier() and name.isascii()):
        sys.stderr.write(f"symback new: error: {name!r} is not an identifier, which a layer's name must be\n")
        return 2
    text = frontend.library_text(name) or STARTING_FILE.format(name=name)
    output = options.output or f"{name}.yaml"
    if output == "-":
        put(text)
        return FINE
    if os.path.exists(output) and not options.force:
        raise LayerError(Diagnostic("E901", f"{output} exists", mend="use another name with -o, or --force to replace it"))
    write_atomically(output, text, force=True)
    sys.stderr.write(f"wrote {output}\n")
    return FINE


def explain_code(options: argparse.Namespace) -> int:
    """Say what a diagnostic means and how such a fault is mended, or what a rule says and why."""
    text = frontend.explanation(options.code.upper())
    if text is None:
        from symback.report import rules

        text = "\n".join(rules.explained(entry) for entry in rules.named(options.code))
    if not text:
        sys.stderr.write(f"symback explain: error: there is no diagnostic or rule {options.code}\n")
        return 2
    put(text.rstrip() + "\n")
    return FINE


def list_rules(options: argparse.Namespace) -> int:
    """List every rule with its statement, condition, reason and source."""
    from symback.report import rules

    forms = {None: rules.listed, "latex": rules.as_latex, "markdown": rules.as_markdown, "json": rules.as_json}
    put(forms[options.form]())
    return FINE


def print_schema(options: argparse.Namespace) -> int:
    """Print the JSON schema of layer files."""
    put(frontend.schema_text())
    return FINE


COMMANDS = {
    "compile": write_module,
    "check": check_layer,
    "latex": print_latex,
    "show": show_layer,
    "list": list_library,
    "new": write_starting_file,
    "explain": explain_code,
    "rules": list_rules,
    "schema": print_schema,
}


# ------------------------------------------------------------------------------------------- streams


def read(path: str) -> Program:
    """The layer of a file, or of standard input where the path is `-`, resolved."""
    if path != "-":
        return frontend.resolve(frontend.load(path))
    if sys.stdin is None:
        raise LayerError(Diagnostic("E112", "standard input is closed", mend="name a layer file"))
    text = decode(sys.stdin.buffer.read(MAX_BYTES + 1), STDIN)
    return frontend.resolve(frontend.loads(text, STDIN, folder=Path.cwd()))


def put(text: str) -> None:
    """Write to standard output, what its encoding lacks as escapes.

    Raises:
        LayerError: the output cannot be written, except that whoever read it has gone.
    """
    stream = sys.stdout
    if stream is None:
        raise LayerError(Diagnostic("E902", "standard output is closed"))
    try:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise LayerError(Diagnostic("E902", f"standard output cannot be written: {error.strerror or error}")) from error


def complain(error: LayerError) -> None:
    """Show every diagnostic on standard error, with its place in the file."""
    sys.stderr.write(frontend.render(error.diagnostics, colour=wants_colour(sys.stderr)))


def confess(error: Exception) -> None:
    """Say on standard error that symback itself is wrong, and what to report."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "symback" in Path(f.filename).parts] or frames
    place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}, in {own[-1].name}" if own else "unknown"
    kind = "" if isinstance(error, InternalFault) else f"{type(error).__name__}: "
    sys.stderr.write(
        f"symback: internal fault: {kind}{error}\n"
        f"  at {place}\n"
        f"  symback {__version__}, Python {platform.python_version()}, {platform.system()}\n"
        "This is a fault of symback, not of the layer. Please report these lines with the layer file.\n"
        "SYMBACK_DEBUG=1 in the environment shows the traceback.\n"
    )
