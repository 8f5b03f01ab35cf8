"""Files are replaced whole or not at all, and only symback's own."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from symback.core.diagnostics import LayerError
from symback.files import write_atomically

OWN = "# Made by symback 0.1.0 from the layer a.\n"


def refusal(path, text=OWN, **options):
    with pytest.raises(LayerError) as caught:
        write_atomically(path, text, **options)
    return caught.value.diagnostics[0]


def test_a_new_file_is_written(tmp_path):
    write_atomically(tmp_path / "a.py", OWN)
    assert (tmp_path / "a.py").read_text() == OWN
    assert os.listdir(tmp_path) == ["a.py"]


def test_symbacks_own_file_is_replaced(tmp_path):
    (tmp_path / "a.py").write_text(OWN + "old = 1\n")
    write_atomically(tmp_path / "a.py", OWN)
    assert (tmp_path / "a.py").read_text() == OWN


def test_a_file_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "a.py").write_text("import symback  # precious\n")
    problem = refusal(tmp_path / "a.py")
    assert problem.code == "E901" and "--force" in problem.mend
    assert (tmp_path / "a.py").read_text() == "import symback  # precious\n"


def test_a_file_of_somebody_else_is_replaced_by_force(tmp_path):
    (tmp_path / "a.py").write_text("precious\n")
    write_atomically(tmp_path / "a.py", OWN, force=True)
    assert (tmp_path / "a.py").read_text() == OWN


def test_a_file_that_is_not_text_is_left_alone(tmp_path):
    (tmp_path / "a.py").write_bytes(bytes(range(256)))
    assert refusal(tmp_path / "a.py").code == "E901"


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path).code == "E902"


def test_a_missing_folder_is_named(tmp_path):
    problem = refusal(tmp_path / "none" / "a.py")
    assert problem.code == "E902" and "No such file" in problem.message


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="everything is writable for root")
def test_a_folder_without_permission_leaves_the_old_file(tmp_path):
    (tmp_path / "a.py").write_text(OWN + "old = 1\n")
    tmp_path.chmod(0o500)
    try:
        assert refusal(tmp_path / "a.py").code == "E902"
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "a.py").read_text() == OWN + "old = 1\n"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text(OWN + "old = 1\n")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    problem = refusal(tmp_path / "a.py")
    assert problem.code == "E902" and "No space left" in problem.message
    assert (tmp_path / "a.py").read_text() == OWN + "old = 1\n"
    assert os.listdir(tmp_path) == ["a.py"]


def test_permissions_are_kept(tmp_path):
    (tmp_path / "a.py").write_text(OWN)
    (tmp_path / "a.py").chmod(0o640)
    write_atomically(tmp_path / "a.py", OWN + "new = 1\n")
    assert stat.S_IMODE((tmp_path / "a.py").stat().st_mode) == 0o640


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.py").write_text(OWN)
    (tmp_path / "link.py").symlink_to("real.py")
    write_atomically(tmp_path / "link.py", OWN + "new = 1\n")
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "real.py").read_text() == OWN + "new = 1\n"


def test_a_device_is_written_to_as_it_is():
    write_atomically(os.devnull, OWN)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_two_writers_at_once_leave_one_whole_text(tmp_path):
    texts = [OWN + f"value = {k}\n" * 20000 for k in range(4)]
    threads = [threading.Thread(target=write_atomically, args=(tmp_path / "a.py", t)) for t in texts]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (tmp_path / "a.py").read_text() in texts
    assert os.listdir(tmp_path) == ["a.py"]


def test_a_writer_killed_in_the_middle_leaves_the_old_text_or_the_new(tmp_path):
    target = tmp_path / "a.py"
    old, new = OWN + "old = 1\n" * 50_000, OWN + "new = 1\n" * 50_000
    target.write_text(old)
    program = (
        "import sys; from symback.files import write_atomically\n"
        f"text = {OWN!r} + 'new = 1\\n' * 50_000\n"
        "print('ready', flush=True)\n"
        "while True: write_atomically(sys.argv[1], text)\n"
    )
    for rounds in range(8):
        with subprocess.Popen([sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            for _ in range(rounds * 3):
                target.read_bytes()
            writer.kill()
        assert target.read_text() in (old, new)
