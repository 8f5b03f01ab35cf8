"""Every code block of the README runs, and the generated code that it quotes is what the compiler writes today."""

import os
import re
from pathlib import Path

import pytest

import symback
from symback.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def layers(tmp_path, monkeypatch):
    """A folder, the current one, with the README's layer files in it."""
    monkeypatch.chdir(tmp_path)
    for text in blocks("yaml"):
        name = re.match(r"layer: (\w+)", text).group(1)
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_the_readme_has_layers_programs_and_the_two_commands():
    assert len(blocks("yaml")) >= 2 and len(blocks("python")) >= 4 and len(blocks("sh")) == 2


def test_the_programs_run_in_the_order_in_which_they_are_read(layers, capsys):
    namespace = {}
    for text in blocks("python"):
        if not text.startswith("def "):
            run = compile(text, "README.md", "exec")
            exec(run, namespace)
    assert "bar{z}" in capsys.readouterr().out


def test_quoted_functions_are_those_that_the_compiler_writes(layers):
    sources = [symback.compile(symback.load(path)).source for path in sorted(layers.glob("*.yaml"))]
    quoted = [text for text in blocks("python") if text.startswith("def ")]
    assert quoted
    for text in quoted:
        assert any(text in source for source in sources)


def test_quoted_output_is_what_the_commands_print(layers, capsys):
    for text in blocks("text"):
        command, expected = text.split("\n", 1)
        assert command.startswith("$ symback ") and main(command.split()[2:]) == 0
        assert expected in capsys.readouterr().out


def test_the_readme_names_every_command_and_option():
    options = {a for a in re.findall(r"--[a-z]+", (ROOT / "symback" / "cli" / "__init__.py").read_text())}
    commands = re.findall(r"(?:command|with_layer)\(\"([a-z]+)\"", (ROOT / "symback" / "cli" / "__init__.py").read_text())
    assert len(commands) >= 8
    assert all(f"symback {name}" in README for name in commands)
    assert all(o in README for o in options - {"--version", "--target", "--output", "--seed"})


def test_the_files_and_folders_that_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) >= 5
    assert all(os.path.exists(ROOT / link) for link in links)


def test_the_ci_script_runs_the_second_command():
    command = blocks("sh")[1].strip()
    assert command in (ROOT / ".ci" / "run").read_text()
