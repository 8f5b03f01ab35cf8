"""Every diagnostic has a file that provokes it and its exact text; `--update` is `python -m tests.frontend.test_diagnostics`."""

from pathlib import Path

import pytest

from symback.core.diagnostics import Diagnostic, LayerError, Span
from symback.frontend import CODES, explanation, loads, render, rendered, resolve

ERRORS = Path(__file__).parent / "errors"
FILES = sorted(ERRORS.glob("*.yaml"))
SOURCES = Path(__file__).parents[2] / "symback"


def diagnosed(path: Path) -> LayerError:
    with pytest.raises(LayerError) as caught:
        resolve(loads(path.read_text(encoding="utf-8"), path.name, folder=ERRORS))
    return caught.value


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_faulty_file_is_answered_with_its_exact_text(path):
    assert render(diagnosed(path).diagnostics) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [p for p in FILES if p.stem[0] == "E"], ids=lambda p: p.stem)
def test_a_faulty_file_provokes_the_code_that_it_is_named_after_and_no_other(path):
    assert {d.code for d in diagnosed(path).diagnostics} == {path.stem[:4]}


@pytest.mark.parametrize("row", [r for r in CODES.values() if r.example], ids=lambda r: r.code)
def test_the_example_of_a_code_provokes_it_alone(row):
    with pytest.raises(LayerError) as caught:
        resolve(loads(row.example, "example.yaml", folder=ERRORS))
    assert {d.code for d in caught.value.diagnostics} == {row.code}
    assert all(d.span is not None and d.message for d in caught.value.diagnostics)


def test_every_code_that_the_sources_use_is_explained():
    used = set()
    for path in SOURCES.rglob("*.py"):
        words = path.read_text(encoding="utf-8").split('"')
        used |= {w for w in words if len(w) == 4 and w[0] == "E" and w[1:].isdigit()}
    assert used <= set(CODES)
    assert all(explanation(c) and CODES[c].title and CODES[c].text for c in CODES)


def test_codes_without_an_example_text_are_few_and_each_has_a_test_of_its_own():
    without = {c for c, row in CODES.items() if not row.example and c < "E690"}
    assert without == {"E101", "E102", "E112", "E509", "E510", "E511", "E513"}


@pytest.mark.parametrize("name", ["E405-smaller", "E414", "E414-several", "E414-mirrored", "E414-window"])
def test_the_range_that_a_hint_suggests_mends_the_file(name):
    path = ERRORS / f"{name}.yaml"
    ranges = [d.mend.rpartition("`: `" if "E405" in name else "`indices: {")[2].rstrip("`}") for d in diagnosed(path).diagnostics]
    resolve(loads(f"{path.read_text(encoding='utf-8')}indices: {{{', '.join(ranges)}}}\n"))


def code_of(text: str | None = None, load=None) -> str:
    with pytest.raises(LayerError) as caught:
        resolve(loads(text) if load is None else load())
    return caught.value.diagnostics[0].code


def test_a_file_of_another_encoding_is_refused(tmp_path):
    from symback.frontend import load

    for name, data in (("latin.yaml", "layer: é".encode("latin-1")), ("utf16.yaml", "layer: a".encode("utf-16"))):
        (tmp_path / name).write_bytes(data)
        assert code_of(load=lambda n=name: load(tmp_path / n)) == "E102"


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    from symback.frontend import load

    assert code_of(load=lambda: load(tmp_path / "none.yaml")) == "E112"
    assert code_of(load=lambda: load(tmp_path)) == "E112"


def test_a_file_that_is_too_large_is_refused():
    assert code_of("layer: a\ndoc: " + "x" * (1 << 20)) == "E101"
    assert code_of("layer: a\ninputs:\n" + "".join(f"  x{k}: [N]\n" for k in range(20_000))) == "E101"
    assert code_of("layer: a\noutputs:\n  y: " + "+".join(["1"] * 150_000)) == "E101"


def test_files_that_call_each_other_are_a_circle(tmp_path):
    from symback.frontend import load

    for a, b in (("a", "b"), ("b", "a")):
        (tmp_path / f"{a}.yaml").write_text(f"layer: {a}\ninputs:\n  x: [N]\nuse:\n  {b}: {b}.yaml\noutputs:\n  y: {b}(x)\n")
    assert code_of(load=lambda: load(tmp_path / "a.yaml")) == "E511"


def test_a_neighbour_that_use_does_not_name_is_not_read(tmp_path):
    from symback.frontend import load

    (tmp_path / "f.yaml").write_text("layer: f\ninputs:\n  x: [N]\noutputs:\n  y: 2*x\n")
    (tmp_path / "a.yaml").write_text("layer: a\ninputs:\n  x: [N]\noutputs:\n  y: f(x)\n")
    assert code_of(load=lambda: load(tmp_path / "a.yaml")) == "E509"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    from symback.frontend import load

    (tmp_path / "outer.yaml").write_text("layer: f\ninputs:\n  x: [N]\noutputs:\n  y: 2*x\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "f.yaml").symlink_to(tmp_path / "outer.yaml")
    (inner / "a.yaml").write_text("layer: a\ninputs:\n  x: [N]\nuse:\n  f: f.yaml\noutputs:\n  y: f(x)\n")
    assert code_of(load=lambda: load(inner / "a.yaml")) == "E513"


def test_calls_that_double_are_bounded(tmp_path):
    from symback.frontend import load

    for k in range(20):
        (tmp_path / f"l{k}.yaml").write_text(
            f"layer: l{k}\ninputs:\n  x: [N]\nuse:\n  inner: l{k + 1}.yaml\nwhere:\n  a: inner(x)\noutputs:\n  y: inner(a)\n"
        )
    (tmp_path / "l20.yaml").write_text("layer: l20\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")
    assert code_of(load=lambda: load(tmp_path / "l0.yaml")) == "E510"


def test_a_caret_stands_under_wide_characters_and_control_characters_are_spelled():
    shown = rendered(Diagnostic("E305", "bad \x1b[31m name", Span("f\n.yaml", 1, 4, 2)), ["日本x\x1by\n"])
    assert shown == "f\\x0a.yaml:1:4: E305: bad \\x1b[31m name\n    1 | 日本x\\x1by\n      |      ^^^^\n" or shown.splitlines()[2].endswith(
        "^^^^^"
    )
    assert "\x1b" not in shown


def test_a_long_line_is_shown_around_the_place():
    line = "x" * 500 + "HERE" + "y" * 500
    shown = rendered(Diagnostic("E301", "m", Span("f", 1, 501, 4)), [line]).splitlines()
    at = shown[2].index("^")
    assert shown[1][at : at + 4] == "HERE" and shown[2].count("^") == 4 and len(shown[1]) < 130


if __name__ == "__main__":
    for path in FILES:
        path.with_suffix(".txt").write_text(render(diagnosed(path).diagnostics), encoding="utf-8")


def test_dimensions_that_square_each_other_are_refused():
    chain = "".join(f"  P{k}: P{k - 1}*P{k - 1}\n" for k in range(1, 200))
    with pytest.raises(LayerError, match="a power with more than 2400 digits"):
        resolve(loads(f"layer: squares\ninputs:\n  x: [N]\ndims:\n  P0: 3*N*N\n{chain}outputs:\n  y[n]: P199*x[n]\n"))
