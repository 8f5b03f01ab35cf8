"""What compiling a network takes grows as the network does, counted in the expressions that are made."""

from unittest import mock

import pytest

import symback
from benchmarks.compile_time import NETWORKS
from symback.core.expr.node import Node


def expressions_made(text: str) -> int:
    made = 0
    plain = Node.__init__

    def counted(self, *arguments):
        nonlocal made
        made += 1
        plain(self, *arguments)

    with mock.patch.object(Node, "__init__", counted):
        symback.compile(symback.loads(text))
    return made


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_three_times_as_long_takes_hardly_more_than_three_times_the_expressions(network):
    short, long = (expressions_made(NETWORKS[network](count)) for count in (80, 240))
    assert long < 3.3 * short
