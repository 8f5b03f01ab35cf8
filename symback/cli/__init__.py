"""The command `symback`.

Exit status: 0 fine, 1 the layer is wrong or fails its check, 2 the command line is, 3 symback itself is. Results go to
standard output, everything else to standard error. The compiler is imported only by the commands that need it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from symback import __version__

FINE, WRONG_LAYER, WRONG_COMMAND, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
EXTRAS = ("jvp", "hvp", "hessian-diagonal")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    try:
        options = _parser().parse_args(arguments)
        status = _answered(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever read the output has had enough; nothing more may be written when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        sys.stderr.write(f"symback: the output cannot be written: {error.strerror or error}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WRONG_LAYER


def _answered(options: argparse.Namespace) -> int:
    """The status of a command, its errors shown as the reader needs them."""
    from symback.cli import commands
    from symback.core.diagnostics import LayerError

    try:
        return commands.COMMANDS[options.command](options)
    except LayerError as error:
        commands.complain(error)
        return WRONG_LAYER
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        if os.environ.get("SYMBACK_DEBUG"):
            raise
        commands.confess(error)
        return FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symback",
        description="Compile neural-network layers in index notation to NumPy modules with forward and backward.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"symback {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    def command(name: str, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", allow_abbrev=False)
        return added

    def with_layer(name: str, words: str) -> argparse.ArgumentParser:
        added = command(name, words)
        added.add_argument("layer", metavar="LAYER", help="a layer file, or - for standard input")
        added.add_argument("--target", default="numpy", choices=["numpy"], help="what to compile to (default: %(default)s)")
        return added

    compiling = with_layer("compile", "write a layer's module")
    compiling.add_argument(
        "-o", "--output", metavar="FILE", help="where to (default: beside the layer file, with its stem; - for standard output)"
    )
    compiling.add_argument("--force", action="store_true", help="replace a file that symback did not write")
    compiling.add_argument("--with", dest="extras", type=_extras, default=(), metavar="LIST", help=f"further functions: {','.join(EXTRAS)}")

    checking = with_layer("check", "compare a layer's gradients with numerical derivatives")
    checking.add_argument("--accuracy", action="store_true", help="compare with high precision instead: errors in ulp over the whole range")
    checking.add_argument("--json", action="store_true", help="print JSON instead of a table")
    checking.add_argument("--plot", metavar="FILE", help="with --accuracy: save a picture of the error over the input")
    checking.add_argument("--seed", type=int, default=0, help="of the random inputs (default: %(default)s)")

    printing = with_layer("latex", "print the formulas as LaTeX")
    printing.add_argument("--steps", action="store_true", help="with every step of the derivation")
    printing.add_argument("--document", action="store_true", help="as a document of its own instead of a fragment to include")

    showing = with_layer("show", "print the formulas for the terminal")
    showing.add_argument("--steps", action="store_true", help="with every step of the derivation")
    showing.add_argument(
        "--cost", action="store_true", help="with the operations of forward and backward, and the bytes saved between them"
    )

    command("list", "list the standard library")
    starting = command("new", "write a starting file NAME.yaml")
    starting.add_argument("name", metavar="NAME", help="the new layer's name; of a library layer, its file is the start")
    starting.add_argument("-o", "--output", metavar="FILE", help="where to (default: NAME.yaml; - for standard output)")
    starting.add_argument("--force", action="store_true", help="replace a file that is there")
    explaining = command("explain", "say what a diagnostic or a rule means")
    explaining.add_argument("code", metavar="CODE", help="such as E203; or a rule's name, as --steps gives it")
    ruling = command("rules", "list the rules that derive and stabilise, from their tables")
    form = ruling.add_mutually_exclusive_group()
    form.add_argument("--latex", dest="form", action="store_const", const="latex", help="as a LaTeX fragment")
    form.add_argument("--markdown", dest="form", action="store_const", const="markdown", help="as the page of the documentation")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="as a JSON list")
    command("schema", "print the JSON schema of layer files")
    return parser


def _extras(text: str) -> tuple[str, ...]:
    """The extra functions of a comma-separated list, each once."""
    names = tuple(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))
    wrong = [n for n in names if n not in EXTRAS]
    if wrong or not names:
        raise argparse.ArgumentTypeError(f"{wrong[0] if wrong else text!r} is none of {', '.join(EXTRAS)}")
    return names
