"""Options of the whole suite."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden modules anew; read the change before it is committed")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden")
