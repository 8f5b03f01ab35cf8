"""Writing a module when things go wrong: the old file or the new one, never a mixture."""

import errno
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

import symback
from symback import cli, files
from symback.core.diagnostics import LayerError
from tests.hostile.runner import answer

OLD = "layer: thing\ninputs:\n  x: [N, C]\noutputs:\n  y[n, c]: exp(x[n, c])\n"
NEW = "layer: thing\ninputs:\n  x: [N, C]\n  w: [C]\noutputs:\n  y[n, c]: tanh(x[n, c])*w[c] + Sum(x[n, k]**2, k)\n"


def source(text: str) -> str:
    return symback.compile(symback.loads(text)).source


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "thing.yaml").write_text(NEW)
    assert cli.main(["compile", str(tmp_path / "thing.yaml"), "-o", str(tmp_path / "first.py")]) == 0
    return tmp_path


def contents(folder: Path, text: str) -> bytes:
    """The bytes that compiling the text writes, made by the command itself, so that the header is the same."""
    path = folder / "other" / "thing.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert cli.main(["compile", str(path), "-o", str(path.with_suffix(".py"))]) == 0
    return path.with_suffix(".py").read_bytes()


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new(folder, first):
    old, new = contents(folder, OLD), contents(folder, NEW)
    target = folder / "thing.py"
    moments = random.Random(first)
    seen = set()
    for _ in range(10):
        target.write_bytes(old)
        child = os.fork()
        if child == 0:
            for _ in range(50):
                cli.main(["compile", str(folder / "thing.yaml"), "-o", str(target)])
            os._exit(0)
        time.sleep(moments.random() * 0.1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = target.read_bytes()
        assert found in (old, new)
        seen.add(found)
    assert seen <= {old, new}


def test_two_hundred_kills_leave_the_old_file_or_the_new_and_the_next_write_leaves_nothing_else(tmp_path):
    texts = [files.FIRST_WORDS.decode() + f"{word}\n" * 40_000 for word in ("old", "new")]
    target = tmp_path / "thing.py"
    moments, strays = random.Random(0), 0
    for _ in range(200):
        target.write_text(texts[0])
        child = os.fork()
        if child == 0:
            while True:
                files.write_atomically(target, texts[1])
        time.sleep(moments.random() * 0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert target.read_text() in texts
        strays = max(strays, len(list(tmp_path.iterdir())) - 1)
    assert strays <= 1, "each writer clears what those before it left"
    files.write_atomically(target, texts[1])
    assert [p.name for p in tmp_path.iterdir()] == ["thing.py"]


def stray(folder: Path, name: str = ".thing.py.0123456789ab.tmp") -> Path:
    path = folder / name
    path.write_text("half of a module")
    return path


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    left = stray(tmp_path)
    files.write_atomically(tmp_path / "thing.py", files.FIRST_WORDS.decode())
    assert not left.exists()


def test_a_temporary_file_that_is_being_written_is_left_alone(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    busy = stray(tmp_path)
    with busy.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        files.write_atomically(tmp_path / "thing.py", files.FIRST_WORDS.decode())
        assert busy.read_text() == "half of a module"


@pytest.mark.parametrize(
    "name",
    [".other.py.0123456789ab.tmp", "thing.py.0123456789ab.tmp", ".thing.py.tmp", ".thing.py.backup.tmp", ".thing.py.0123456789ab.bak"],
)
def test_a_file_of_another_name_is_not_taken_for_a_temporary_one(tmp_path, name):
    mine = stray(tmp_path, name)
    files.write_atomically(tmp_path / "thing.py", files.FIRST_WORDS.decode())
    assert mine.read_text() == "half of a module"


def test_links_and_pipes_named_like_temporary_files_are_left_alone(tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("my own work")
    (tmp_path / ".thing.py.00000000000a.tmp").symlink_to(mine)
    os.mkfifo(tmp_path / ".thing.py.00000000000b.tmp")
    files.write_atomically(tmp_path / "thing.py", files.FIRST_WORDS.decode())
    assert mine.read_text() == "my own work"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_or_failing_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call, number):
    target = tmp_path / "thing.py"
    target.write_text(source(OLD))

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises(LayerError, match=os.strerror(number)):
        symback.compile(symback.loads(NEW)).write(target)
    monkeypatch.undo()
    assert target.read_text() == source(OLD)
    assert [p.name for p in tmp_path.iterdir()] == ["thing.py"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EMFILE])
def test_a_place_that_takes_no_new_file_leaves_the_old_one(tmp_path, monkeypatch, number):
    target = tmp_path / "thing.py"
    target.write_text(source(OLD))

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "open", fail)
    with pytest.raises(LayerError, match=os.strerror(number)):
        symback.compile(symback.loads(NEW)).write(target)
    monkeypatch.undo()
    assert target.read_text() == source(OLD)
    assert [p.name for p in tmp_path.iterdir()] == ["thing.py"]


def test_a_file_that_grows_too_large_leaves_the_old_one(tmp_path):
    target = tmp_path / "thing.py"
    target.write_text(source(OLD))
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            symback.compile(symback.loads(NEW)).write(target)
        except LayerError:
            os._exit(17)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 17
    assert target.read_text() == source(OLD)
    assert [p.name for p in tmp_path.iterdir()] == ["thing.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused_and_unchanged(tmp_path):
    (tmp_path / "thing.py").write_text(source(OLD))
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(LayerError, match="cannot be written"):
            symback.compile(symback.loads(NEW)).write(tmp_path / "thing.py")
        assert (tmp_path / "thing.py").read_text() == source(OLD)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("where", ["missing/thing.py", "plain/thing.py", "folder", "a" * 300 + ".py", "nul\0.py"])
def test_a_target_that_cannot_be_is_refused(tmp_path, where):
    (tmp_path / "plain").write_text("a file, not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(LayerError):
        symback.compile(symback.loads(NEW)).write(tmp_path / where)
    assert (tmp_path / "plain").read_text() == "a file, not a folder"


def test_a_device_that_is_full_is_answered(folder):
    if not os.path.exists("/dev/full"):
        pytest.skip("no such device here")
    got = answer(["compile", str(folder / "thing.yaml"), "-o", "/dev/full"], folder)
    assert got.status == 1 and "Traceback" not in got.err and got.err
    assert not Path("/dev/full").is_file()


def test_a_file_that_is_not_symbacks_is_not_replaced(tmp_path):
    target = tmp_path / "thing.py"
    target.write_text("my own work\n")
    with pytest.raises(LayerError, match="not written by symback"):
        symback.compile(symback.loads(NEW)).write(target)
    assert target.read_text() == "my own work\n"


def test_two_compiles_of_one_file_at_once_leave_a_whole_module(tmp_path):
    target = tmp_path / "thing.py"
    compiled = [symback.compile(symback.loads(t)) for t in (OLD, NEW)]
    expected = {c.source for c in compiled}
    stop = threading.Event()
    torn = []

    def write(c):
        for _ in range(60):
            c.write(target)

    def look():
        while not stop.is_set():
            if target.exists() and target.read_text() not in expected:
                torn.append(True)

    writers = [threading.Thread(target=write, args=(c,)) for c in compiled * 2]
    reader = threading.Thread(target=look)
    reader.start()
    for t in writers:
        t.start()
    for t in writers:
        t.join()
    stop.set()
    reader.join()
    assert not torn and target.read_text() in expected
    assert [p.name for p in tmp_path.iterdir()] == ["thing.py"]
