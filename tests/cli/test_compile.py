"""`symback compile`: where the module goes, what is left alone, and what is said when it cannot be."""

import ast
import os

import pytest

from tests.cli.conftest import LINEAR


def test_the_module_is_written_beside_the_layer_file(symback, affine):
    done = symback("compile", affine)
    assert (done.status, done.out) == (0, "")
    ast.parse(affine.with_suffix(".py").read_text())
    assert sorted(os.listdir(affine.parent)) == ["affine.py", "affine.yaml"]


def test_the_module_goes_where_it_is_told(symback, affine, tmp_path):
    assert symback("compile", affine, "-o", tmp_path / "other.py").status == 0
    ast.parse((tmp_path / "other.py").read_text())
    assert not affine.with_suffix(".py").exists()


def test_a_dash_reads_standard_input_and_writes_standard_output(symback, affine):
    symback("compile", affine)
    piped = symback("compile", "-", stdin=LINEAR)
    assert piped.status == 0
    assert piped.out == affine.with_suffix(".py").read_text()


def test_standard_output_gets_the_module_and_nothing_else(symback, affine):
    done = symback("compile", affine, "-o", "-")
    assert done.status == 0 and done.err == ""
    ast.parse(done.out)
    assert not affine.with_suffix(".py").exists()


def test_compiling_again_gives_the_same_bytes(symback, affine):
    symback("compile", affine)
    first = affine.with_suffix(".py").read_bytes()
    assert symback("compile", affine).status == 0
    assert affine.with_suffix(".py").read_bytes() == first


def test_a_file_that_symback_did_not_write_is_left_alone(symback, affine):
    affine.with_suffix(".py").write_text("precious = 1\n")
    done = symback("compile", affine)
    assert done.status == 1
    assert "E901" in done.err and "--force" in done.err
    assert affine.with_suffix(".py").read_text() == "precious = 1\n"


def test_force_replaces_it(symback, affine):
    affine.with_suffix(".py").write_text("precious = 1\n")
    assert symback("compile", affine, "--force").status == 0
    assert "precious" not in affine.with_suffix(".py").read_text()


def test_the_layer_file_itself_is_never_the_output(symback, affine):
    done = symback("compile", affine, "-o", affine, "--force")
    assert done.status == 1 and "E903" in done.err
    assert affine.read_text() == LINEAR


def test_a_wrong_layer_gets_a_caret_under_the_place_and_no_module(symback, wrong):
    done = symback("compile", wrong)
    assert done.status == 1 and done.out == ""
    lines = done.err.splitlines()
    place = next(k for k, line in enumerate(lines) if "Sum(x[n, i]*W[i], i)" in line)
    caret = lines[place + 1]
    assert "^" in caret
    assert lines[place][caret.index("^")] == "W"
    assert "wrong.yaml" in done.err and "5" in done.err
    assert os.listdir(wrong.parent) == ["wrong.yaml"]
    assert "Traceback" not in done.err


def test_a_wrong_layer_leaves_the_old_module(symback, affine):
    symback("compile", affine)
    old = affine.with_suffix(".py").read_bytes()
    affine.write_text(LINEAR.replace("W[i, o]", "V[i, o]"))
    assert symback("compile", affine).status == 1
    assert affine.with_suffix(".py").read_bytes() == old


def test_a_missing_folder_is_named(symback, affine, tmp_path):
    done = symback("compile", affine, "-o", tmp_path / "none" / "a.py")
    assert done.status == 1 and "E902" in done.err and "No such file" in done.err


@pytest.mark.parametrize("extras", ["jvp,unknown", ""])
def test_an_unknown_extra_is_a_wrong_command_line(symback, affine, extras):
    done = symback("compile", affine, "--with", extras)
    assert done.status == 2 and "hessian-diagonal" in done.err


def test_an_unknown_target_is_a_wrong_command_line(symback, affine):
    assert symback("compile", affine, "--target", "fortran").status == 2


def make_fifo(path):
    os.mkfifo(path)


BAD_FILES = {
    "missing": lambda p: None,
    "empty": lambda p: p.write_text(""),
    "blank": lambda p: p.write_text("\n\n  \n"),
    "binary": lambda p: p.write_bytes(bytes(range(256)) * 40),
    "huge": lambda p: p.write_bytes(b"# " + b"x" * (8 << 20)),
    "folder": lambda p: p.mkdir(),
    "broken": lambda p: p.write_text("layer: [unclosed\n"),
    "latin": lambda p: p.write_bytes("layer: café\n".encode("latin-1")),
    "list": lambda p: p.write_text("- a\n- b\n"),
    "scalar": lambda p: p.write_text("just words\n"),
    "link": lambda p: p.symlink_to(p.parent / "nowhere"),
    "circle": lambda p: p.symlink_to(p),
    "fifo": make_fifo,
}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("command", ["compile", "check", "latex", "show"])
def test_a_file_that_is_no_layer_gets_a_diagnostic(symback, tmp_path, kind, command):
    path = tmp_path / "bad.yaml"
    BAD_FILES[kind](path)
    done = symback(command, path)
    assert done.status == 1, done.err
    assert done.out == "" and "bad.yaml" in done.err and "Traceback" not in done.err
    assert not (tmp_path / "bad.py").exists()


def test_binary_standard_input_gets_a_diagnostic(symback):
    done = symback("compile", "-", stdin=bytes(range(256)))
    assert done.status == 1 and "<stdin>" in done.err


def test_all_faults_of_a_file_are_shown_at_once(symback, tmp_path):
    path = tmp_path / "many.yaml"
    path.write_text("layer: many\ninputs:\n  x: [N]\nwhere:\n  u[n]: x[n] + nowhere[n]\noutputs:\n  y[n]: u[n] + unknown(x[n])\n")
    done = symback("compile", path)
    assert done.status == 1
    for word in ("`nowhere`", "`unknown`"):
        assert word in done.err
    assert len([line for line in done.err.splitlines() if "^" in line]) == 2


def test_a_missing_template_is_a_diagnostic(symback, affine, monkeypatch, tmp_path):
    from symback.emit import templates

    monkeypatch.setattr(templates, "FOLDERS", (tmp_path / "nothing",))
    templates._environment.cache_clear()
    try:
        done = symback("compile", affine)
    finally:
        templates._environment.cache_clear()
    assert done.status == 1 and "template" in done.err and "Traceback" not in done.err


def test_further_functions_are_added_on_request(symback, affine):
    plain = symback("compile", affine, "-o", "-").out
    more = symback("compile", affine, "-o", "-", "--with", "jvp,hvp,hessian-diagonal")
    assert more.status == 0
    for function in ("def jvp(", "def hvp(", "def hessian_diagonal("):
        assert function in more.out and function not in plain
    ast.parse(more.out)


def test_further_functions_of_a_layer_without_gradients_are_refused(symback, tmp_path):
    path = tmp_path / "metric.yaml"
    path.write_text("layer: metric\ninputs:\n  x: [N]\nwrt: []\noutputs:\n  y: Amax(x[n], n)\n")
    done = symback("compile", path, "--with", "jvp")
    assert done.status == 1 and "E907" in done.err
