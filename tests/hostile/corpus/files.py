"""What may lie at a path instead of a file, and what `use:` may name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.hostile.corpus.entries import EITHER, REFUSED, Entry, layer


def files() -> Iterator[Entry]:
    yield "missing", lambda path: None, REFUSED
    yield "directory", lambda path: path.mkdir(), REFUSED
    yield "fifo", lambda path: os.mkfifo(path), REFUSED
    yield "link-to-self", lambda path: path.symlink_to(path), REFUSED
    yield "link-to-nothing", lambda path: path.symlink_to("nowhere"), REFUSED
    yield "link-to-zero-device", lambda path: path.symlink_to("/dev/zero"), REFUSED
    yield "link-to-null-device", lambda path: path.symlink_to("/dev/null"), REFUSED
    yield "link-to-password-file", lambda path: path.symlink_to("/etc/passwd"), REFUSED
    yield "link-to-process-memory", lambda path: path.symlink_to("/proc/self/mem"), REFUSED
    yield "huge", _sparse, REFUSED
    yield "ten-megabytes", lambda path: path.write_text(layer(doc="a" * 10_000_000)), REFUSED
    yield "use-absolute", layer(use="\n  inner: /etc/passwd", outputs="\n  y: inner(x)"), REFUSED
    yield "use-parent", layer(use="\n  inner: ../../../../etc/passwd", outputs="\n  y: inner(x)"), REFUSED
    yield "use-home", layer(use="\n  inner: ~/secret.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-url", layer(use="\n  inner: http://localhost/a.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-nul", layer(use='\n  inner: "a\\0b.yaml"', outputs="\n  y: inner(x)"), REFUSED
    yield "use-device", layer(use="\n  inner: /dev/zero", outputs="\n  y: inner(x)"), REFUSED
    yield "use-folder", layer(use="\n  inner: .", outputs="\n  y: inner(x)"), REFUSED
    yield "use-missing", layer(use="\n  inner: missing.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-long", layer(use=f"\n  inner: {'a' * 5000}.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-itself", _calls_itself, REFUSED
    yield "use-each-other", _call_each_other, REFUSED
    yield "use-link-outside", _used_link_outside, REFUSED
    yield "use-fifo", _used_fifo, REFUSED
    yield "use-doubling", _doubling, EITHER


def _sparse(path: Path) -> None:
    with open(path, "wb") as f:
        f.truncate(1 << 40)


_CALLER = "layer: {name}\ninputs:\n  x: [N]\nuse:\n  inner: {file}\noutputs:\n  y: inner(x)\n"


def _calls_itself(path: Path) -> None:
    path.write_text(_CALLER.format(name="own", file=path.name))


def _call_each_other(path: Path) -> None:
    path.write_text(_CALLER.format(name="one", file="other.yaml"))
    path.with_name("other.yaml").write_text(_CALLER.format(name="other", file=path.name))


def _used_link_outside(path: Path) -> None:
    outside = path.parent.parent / "outside.yaml"
    outside.write_text("layer: outside\ninputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\n")
    path.with_name("link.yaml").symlink_to(outside)
    path.write_text(_CALLER.format(name="reader", file="link.yaml"))


def _used_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("pipe.yaml"))
    path.write_text(_CALLER.format(name="reader", file="pipe.yaml"))


def _doubling(path: Path) -> None:
    """Thirty files, each calling the next twice: a thousand million lines if written out without a bound."""
    for k in range(30):
        inner = f"l{k + 1}.yaml"
        text = f"layer: l{k}\ninputs:\n  x: [N]\nuse:\n  inner: {inner}\nwhere:\n  a: inner(x)\noutputs:\n  y: inner(a)\n"
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l30.yaml").write_text("layer: l30\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def links() -> Iterator[Entry]:
    yield "use-itself-through-a-link", _used_itself_through_a_link, REFUSED
    yield "use-a-folder-called-yaml", _used_folder, REFUSED
    yield "use-a-link-to-zeros", _used_zeros, REFUSED
    yield "use-a-link-that-goes-round", _used_round_link, REFUSED
    yield "use-a-folder-that-is-a-link-outside", _used_through_linked_folder, REFUSED
    yield "use-a-sparse-file", _used_sparse, REFUSED
    yield "use-a-binary-file", _used_binary, REFUSED
    yield "use-a-faulty-file", _used_faulty, REFUSED
    yield "use-a-long-chain", _long_chain, REFUSED
    yield "use-laughs", _laughing_calls, REFUSED
    yield "use-backslashes", layer(use='\n  inner: "..\\\\outside.yaml"', outputs="\n  y: inner(x)"), REFUSED
    yield "use-dots-inside", layer(use="\n  inner: a/../../outside.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-many", layer(use="".join(f"\n  f{k}: f{k}.yaml" for k in range(2_000)), outputs="\n  y: f0(x)"), REFUSED
    yield "use-names-a-function", layer(use="\n  exp: exp.yaml", outputs="\n  y[n, c]: exp(x[n, c])"), REFUSED
    yield "socket", _socket, REFUSED
    yield "no-permission", _unreadable, EITHER


def _used_itself_through_a_link(path: Path) -> None:
    path.with_name("again.yaml").symlink_to(path.name)
    path.write_text(_CALLER.format(name="own", file="again.yaml"))


def _used_folder(path: Path) -> None:
    path.with_name("folder.yaml").mkdir()
    path.write_text(_CALLER.format(name="reader", file="folder.yaml"))


def _used_zeros(path: Path) -> None:
    path.with_name("zeros.yaml").symlink_to("/dev/zero")
    path.write_text(_CALLER.format(name="reader", file="zeros.yaml"))


def _used_round_link(path: Path) -> None:
    path.with_name("a.yaml").symlink_to("b.yaml")
    path.with_name("b.yaml").symlink_to("a.yaml")
    path.write_text(_CALLER.format(name="reader", file="a.yaml"))


def _used_through_linked_folder(path: Path) -> None:
    outside = path.parent.parent / "elsewhere"
    outside.mkdir()
    (outside / "inner.yaml").write_text("layer: inner\ninputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\n")
    path.with_name("sub").symlink_to(outside)
    path.write_text(_CALLER.format(name="reader", file="sub/inner.yaml"))


def _used_sparse(path: Path) -> None:
    _sparse(path.with_name("sparse.yaml"))
    path.write_text(_CALLER.format(name="reader", file="sparse.yaml"))


def _used_binary(path: Path) -> None:
    path.with_name("binary.yaml").write_bytes(bytes(range(256)) * 100)
    path.write_text(_CALLER.format(name="reader", file="binary.yaml"))


def _used_faulty(path: Path) -> None:
    path.with_name("faulty.yaml").write_text("layer: faulty\ninputs:\n  x: [N]\noutputs:\n  y[n]: __import__('os')\n")
    path.write_text(_CALLER.format(name="reader", file="faulty.yaml"))


def _long_chain(path: Path) -> None:
    """Three hundred files, each calling the next."""
    for k in range(300):
        text = _CALLER.format(name=f"l{k}", file=f"l{k + 1}.yaml")
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l300.yaml").write_text("layer: l300\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def _laughing_calls(path: Path) -> None:
    """Nine calls in each of ten files: a thousand million lines if written out."""
    for k in range(10):
        where = "".join(f"  a{j}: inner({f'a{j - 1}' if j else 'x'})\n" for j in range(9))
        text = f"layer: l{k}\ninputs:\n  x: [N]\nuse:\n  inner: l{k + 1}.yaml\nwhere:\n{where}outputs:\n  y: a8 + 0\n"
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l10.yaml").write_text("layer: l10\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def _socket(path: Path) -> None:
    import socket

    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path.name)
    finally:
        os.chdir(here)


def _unreadable(path: Path) -> None:
    path.write_text(layer())
    path.chmod(0)
