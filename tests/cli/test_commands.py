"""The other commands, exit codes, streams and colours."""

import json
import os
import subprocess
import sys

import pytest

import symback as package
import symback.check as checks
from symback.report.terminal import wants_colour
from tests.cli.conftest import LINEAR


def command(*arguments, **options):
    """The command as a process of its own."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run([sys.executable, "-m", "symback", *map(str, arguments)], text=True, **streams)


def test_the_version_is_printed_without_the_compiler():
    code = "import sys\nfrom symback.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
    code += "print(sorted({'numpy', 'sympy', 'jinja2', 'yaml', 'symback.frontend'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == f"symback {package.__version__}\n[]\n"


@pytest.mark.parametrize(
    "words", ["", "frobnicate", "compile", "compile a b", "check a --seed x", "new not-a-name", "explain E000", "compile a --wit jvp"]
)
def test_a_wrong_command_line_has_status_two(symback, words):
    done = symback(*words.split())
    assert done.status == 2 and done.out == ""
    assert "error" in done.err


def test_a_plot_without_accuracy_is_a_wrong_command_line(symback, affine):
    assert symback("check", affine, "--plot", "a.png").status == 2


def test_check_prints_a_row_per_tensor_and_says_fine(symback, affine):
    done = symback("check", affine)
    assert done.status == 0, done.out + done.err
    for what in ("output y", "gradient dx", "gradient dW", "gradient db", "adjoint"):
        assert what in done.out
    assert "WRONG" not in done.out


def test_check_prints_json(symback, affine):
    found = json.loads(symback("check", affine, "--json").out)
    assert found["right"] is True
    assert {r["what"] for r in found["rows"]} >= {"gradient dx", "gradient dW", "gradient db"}


def test_a_wrong_gradient_has_status_one(symback, affine, monkeypatch):
    from symback.api import Compiled, loaded

    def sabotaged(self):
        source = self.source
        wrong = source.replace("return Gradients(", "return _spoiled(", 1)
        assert wrong != source
        return loaded(wrong + "\n\ndef _spoiled(*grads):\n    return Gradients(grads[0] * 1.001, *grads[1:])\n", "affine")

    monkeypatch.setattr(Compiled, "load", sabotaged)
    done = symback("check", affine)
    assert done.status == 1
    assert "WRONG" in done.out


def test_check_accuracy_prints_a_table_or_json_and_a_picture(symback, tmp_path):
    path = tmp_path / "scaled.yaml"
    path.write_text("layer: scaled\ninputs:\n  x: [N]\nparams:\n  s: []\noutputs:\n  y[n]: s*x[n]\ncheck:\n  dims: {N: 2}\n")
    done = symback("check", path, "--accuracy")
    assert done.status == 0, done.out + done.err
    assert "float32" in done.out and "float64" in done.out and "gradient ds" in done.out
    drawn = symback("check", path, "--accuracy", "--json", "--plot", tmp_path / "scaled.png")
    assert json.loads(drawn.out)["clean"] is True
    assert (tmp_path / "scaled.png").stat().st_size > 1000


def test_a_plot_without_matplotlib_is_a_diagnostic(symback, affine, monkeypatch):
    monkeypatch.delattr(checks, "picture", raising=False)
    monkeypatch.setitem(sys.modules, "symback.check.picture", None)
    done = symback("check", affine, "--accuracy", "--plot", affine.parent / "a.png")
    assert done.status == 1 and "E905" in done.err and "matplotlib" in done.err


def test_latex_prints_the_formulas(symback, affine):
    done = symback("latex", affine)
    assert done.status == 0
    assert r"\begin{align*}" in done.out and r"\bar{W}_{i,o} &=" in done.out and r"\sum_{i=0}^{I - 1}" in done.out


def test_latex_prints_a_document_of_its_own(symback, affine):
    done = symback("latex", affine, "--document", "--steps")
    assert done.out.startswith(r"\documentclass") and done.out.endswith("\\end{document}\n")


def test_show_prints_the_formulas(symback, affine):
    done = symback("show", affine)
    assert done.status == 0
    assert "y[n, o] = Sum(x[n, i]*W[i, o], i) + b[o]" in done.out
    assert "\033" not in done.out


def test_show_prints_the_cost(symback, affine):
    done = symback("show", affine, "--cost")
    assert done.status == 0
    assert "forward" in done.out and "backward" in done.out and "bytes" in done.out


def test_list_names_the_library(symback):
    done = symback("list")
    assert done.status == 0
    names = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert {"linear", "softmax_cross_entropy", "layernorm", "adam"} <= set(names)
    assert names == sorted(names)


def test_new_writes_a_layer_that_compiles_and_checks(symback, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert symback("new", "mine").status == 0
    assert symback("check", "mine.yaml").status == 0


def test_new_starts_from_the_librarys_file(symback, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert symback("new", "relu").status == 0
    assert "layer: relu" in (tmp_path / "relu.yaml").read_text()


def test_new_leaves_a_file_that_is_there(symback, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("precious")
    assert symback("new", "mine").status == 1
    assert (tmp_path / "mine.yaml").read_text() == "precious"
    assert symback("new", "mine", "--force").status == 0


def test_explain_explains_a_code(symback):
    done = symback("explain", "E201")
    assert done.status == 0 and "E201" in done.out
    assert symback("explain", "e201").out == done.out


def test_the_commands_own_codes_are_explained(symback):
    for code in ("E901", "E902", "E903", "E904", "E905"):
        assert symback("explain", code).status == 0


def test_the_schema_is_json(symback):
    assert "properties" in json.loads(symback("schema").out)


def test_an_internal_fault_says_what_to_report_and_has_status_three(symback, affine, monkeypatch):
    from symback import emit
    from symback.core.diagnostics import InternalFault

    def broken(*arguments, **options):
        raise InternalFault("the rule `x - x` failed its check")

    monkeypatch.setattr(emit, "build", broken)
    done = symback("compile", affine)
    assert done.status == 3
    assert "the rule `x - x` failed its check" in done.err and "report" in done.err and package.__version__ in done.err
    assert "Traceback" not in done.err


def test_an_unforeseen_error_is_an_internal_fault(symback, affine, monkeypatch):
    from symback import emit

    monkeypatch.setattr(emit, "build", lambda *a, **k: 1 / 0)
    done = symback("compile", affine)
    assert done.status == 3 and "ZeroDivisionError" in done.err and "Traceback" not in done.err


def test_an_internal_fault_shows_its_traceback_when_asked(symback, affine, monkeypatch):
    from symback import emit

    monkeypatch.setattr(emit, "build", lambda *a, **k: 1 / 0)
    monkeypatch.setenv("SYMBACK_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        symback("compile", affine)


def test_a_reader_that_goes_away_is_no_error(affine):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        done = command("compile", affine, "-o", "-", stdout=gone)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_at_standard_output_is_an_error(affine):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = command("compile", affine, "-o", "-", stdout=full)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_terminal_without_unicode_gets_escapes(tmp_path):
    path = tmp_path / "affine.yaml"
    path.write_text(LINEAR.replace("An affine map.", "Gauß's affine map."), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = command("show", path, env=environment)
    assert done.returncode == 0 and "Gau\\xdf" in done.stdout


class Terminal:
    def isatty(self):
        return True


def test_colours_are_for_terminals_that_want_them():
    for environment in ({}, {"NO_COLOR": ""}):
        assert wants_colour(Terminal(), environment)
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert not wants_colour(Terminal(), environment)


def test_a_layers_text_cannot_drive_the_terminal(symback, tmp_path):
    path = tmp_path / "affine.yaml"
    path.write_text(LINEAR.replace("An affine map.", '"red \\e[31m alert"'))
    assert "\033" not in symback("show", path).out


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_a_diagnostic(closed):
    line = f"{sys.executable} -m symback compile - {closed}"
    done = subprocess.run(["sh", "-c", line], input=LINEAR, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "closed" in done.stderr and "Traceback" not in done.stderr
