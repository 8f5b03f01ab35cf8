"""The package's surface: light to import, modules in memory that show their source."""

import subprocess
import sys
import tomllib
import traceback
from pathlib import Path

import pytest

import symback

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_projects():
    assert symback.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, symback, symback.cli; print(sorted({'numpy', 'sympy', 'jinja2', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        symback.nothing_of_this_name  # noqa: B018


def test_every_public_name_is_there():
    for name in symback.__all__:
        assert getattr(symback, name) is not None
    assert set(symback.__all__) <= set(dir(symback))


def test_a_module_in_memory_shows_its_source_in_a_traceback():
    from symback.api import loaded

    module = loaded("def forward(x):\n    return x / 0  # the culprit\n", "culprit")
    with pytest.raises(ZeroDivisionError) as caught:
        module.forward(1)
    shown = "".join(traceback.format_exception(caught.value))
    assert "return x / 0  # the culprit" in shown
    assert 'File "<symback culprit>", line 2' in shown


def test_two_modules_of_one_name_keep_their_own_source():
    from symback.api import loaded

    first = loaded("def forward(x):\n    return x / 0  # first\n", "twin")
    second = loaded("def forward(x):\n    return x / 0  # second\n", "twin")
    for module, word in ((first, "# first"), (second, "# second")):
        with pytest.raises(ZeroDivisionError) as caught:
            module.forward(1)
        assert word in "".join(traceback.format_exception(caught.value))
