# SPDX-License-Identifier: MIT
"""build/mkimage as people type it: what it says, what it leaves behind, what is in the image."""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import time

import pytest

import image

GOOD = "[host]\nlog = debug\n"
CONSOLES = "com1, com2, com3, com4, io:PORT (from 0x100 to 0xfff8) or acpi"
DEADLINE = 60


@pytest.fixture
def folder(tmp_path):
    """A folder with mkimage, ashlar.elf and a good configuration, and another to work in."""
    tool = tmp_path / "the tool"
    tool.mkdir()
    shutil.copy(image.MKIMAGE, tool)
    shutil.copy(image.KERNEL, tool)
    work = tmp_path / "some where"
    work.mkdir()
    (work / "my host.conf").write_text(GOOD)
    return work


def mkimage(folder, *words, **options):
    return subprocess.run([folder.parent / "the tool/mkimage", *words], cwd=folder, text=True,
                          capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL,
                          **options)


def check(folder, text):
    (folder / "my host.conf").write_bytes(text.encode("latin-1"))
    return mkimage(folder, "my host.conf", "--check")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def xorriso(path, *words):
    done = subprocess.run(["xorriso", "-osirrox", "on", "-indev", path, *words], text=True,
                          capture_output=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_tools(tmp_path, **scripts):
    """An environment whose PATH begins with these programs, shell scripts by their text."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in scripts.items():
        path = tools / name.replace("_", "-")
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}


# Checking.

def test_good_configurations(folder):
    for text in ("", "# nothing\n", "[host]\n", GOOD, "[host]\r\nconsole = io:0x3f8 # here\r\n"):
        done = check(folder, text)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), text
    assert names(folder) == ["my host.conf"]


def test_the_demo_is_good(folder):
    assert mkimage(folder, image.DEMO, "--check").returncode == 0


def test_every_error_in_line_order(folder):
    done = check(folder, "log = info\n[hots]\n[host]\nlog = loud\nlog = info\nconsole = tty\n"
                         "memory = 1G\nlgo = x\nnothing\n[net web]\n[host]\n")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "my host.conf:1: found log before any section; expected [host] first",
        "my host.conf:2: found [hots]; expected [host], [vm NAME]; did you mean host?",
        "my host.conf:4: found log = loud; expected error, warn, info or debug",
        "my host.conf:5: found log a second time; expected it once, as in line 4",
        f"my host.conf:6: found console = tty; expected {CONSOLES}",
        "my host.conf:7: found memory; expected a key of [host]: log, console, apicv",
        "my host.conf:8: found lgo; expected a key of [host]; did you mean log?",
        "my host.conf:9: found nothing; expected KEY = VALUE",
        "my host.conf:10: found [net web]; expected [host], [vm NAME]",
        "my host.conf:11: found [host] a second time; expected it once, as in line 3",
    ]


@pytest.mark.parametrize("key", ["log", "console"])
@pytest.mark.parametrize("value", ["", "x" * 4000, "x" * 70000, "\0", "-1", "com1 com2", "\x1b[2J"])
def test_bad_values_name_their_key(folder, key, value):
    done = check(folder, f"[host]\n{key} = {value}\n")
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 1
    assert lines[0].startswith(f"my host.conf:2: found {key}") and "; expected " in lines[0]
    assert len(lines[0]) < 300 and lines[0].isprintable()


def test_file_too_large(folder):
    done = check(folder, "\n" * (1 << 20) + "\n")
    assert done.returncode == 1
    assert done.stderr.startswith("my host.conf:1: found a file of more than 1 MiB; expected ")


def test_no_such_configuration(folder):
    for name, why in (("none.conf", "No such file or directory"), (".", "Is a directory")):
        done = mkimage(folder, name, "--check")
        assert done.returncode == 1
        assert done.stderr == f"mkimage: cannot read {name}: {why}\n"


@pytest.mark.parametrize("words", [
    [], ["my host.conf"], ["--check"], ["-o", "x.iso"], ["my host.conf", "-o"],
    ["my host.conf", "-o", ""], ["my host.conf", "--check", "-o", "x.iso"],
    ["my host.conf", "b.conf", "--check"], ["my host.conf", "-o", "x.iso", "-o", "y.iso"],
    ["my host.conf", "--chekc"], ["my host.conf", "-x"]])
def test_usage(folder, words):
    done = mkimage(folder, *words)
    assert done.returncode == 2 and "Usage: mkimage CONFIG -o OUT" in done.stderr
    assert names(folder) == ["my host.conf"]


# The image.

def test_contents(folder, tmp_path):
    assert mkimage(folder, "my host.conf", "-o", "my image.iso").returncode == 0
    assert names(folder) == ["my host.conf", "my image.iso"]
    path = folder / "my image.iso"
    boot = tmp_path / "boot"
    xorriso(path, "-extract", "/boot", boot)
    assert (boot / "ashlar.elf").read_bytes() == image.KERNEL.read_bytes()
    assert (boot / "ashlar.conf").read_text() == GOOD
    assert "timeout" not in (boot / "grub/grub.cfg").read_text()
    report = xorriso(path, "-report_el_torito", "plain", "-report_system_area", "plain")
    assert " BIOS  y " in report and " UEFI  y " in report  # from CD
    assert "grub2-mbr" in report and "28732ac11ff8d211ba4b00a0c93ec93b" in report  # from USB
    assert path.stat().st_size < 8 << 20


def test_from_another_folder(folder, tmp_path):
    out = tmp_path / "out=put"
    out.mkdir()
    done = subprocess.run(["./the tool/mkimage", "-o", "out=put/a\\b.iso",
                           "some where/my host.conf"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(out) == ["a\\b.iso"]


def test_replaces_an_image(folder):
    out = folder / "x.iso"
    out.write_text("old")
    out.chmod(0o600)
    done = mkimage(folder, "my host.conf", "-o", out, umask=0o027)
    assert done.returncode == 0
    assert out.stat().st_size > 1 << 20 and out.stat().st_mode & 0o777 == 0o640


# What goes wrong leaves nothing, and an old image as it was.

def assert_refused(folder, done, *words):
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr
    assert names(folder) == ["my host.conf", "x.iso"]
    assert (folder / "x.iso").read_text() == "old"


@pytest.fixture
def old(folder):
    (folder / "x.iso").write_text("old")
    return folder


def test_errors_make_no_image(old):
    (old / "my host.conf").write_text("[host]\nlog = loud\n")
    assert_refused(old, mkimage(old, "my host.conf", "-o", "x.iso"), "my host.conf:2: found log")


def test_without_hypervisor(old):
    (old.parent / "the tool/ashlar.elf").unlink()
    assert_refused(old, mkimage(old, "my host.conf", "-o", "x.iso"),
                   "mkimage: cannot read ", "/the tool/ashlar.elf: No such file or directory")


def test_onto_what_it_is_made_from(old):
    assert_refused(old, mkimage(old, "my host.conf", "-o", "./my host.conf"), "made from it")
    assert (old / "my host.conf").read_text() == GOOD
    kernel = old.parent / "the tool/ashlar.elf"
    assert_refused(old, mkimage(old, "my host.conf", "-o", kernel), "made from it")
    assert kernel.read_bytes() == image.KERNEL.read_bytes()


@pytest.mark.parametrize("out, why", [
    ("none/x.iso", "No such file or directory"), ("..", "not a regular file"),
    ("/dev/full", "not a regular file"), ("/proc/x.iso", "No such file or directory")])
def test_unwritable(old, out, why):
    done = mkimage(old, "my host.conf", "-o", out)
    assert_refused(old, done, f"mkimage: cannot write {out}: ", why)


def drop_override():
    """Root may write everywhere, but for a root without CAP_DAC_OVERRIDE (capabilities(7))."""
    pr_capbset_drop, cap_dac_override, cap_dac_read_search = 24, 1, 2
    for capability in (cap_dac_override, cap_dac_read_search):
        ctypes.CDLL(None).prctl(pr_capbset_drop, capability, 0, 0, 0)


def test_folder_without_permission(old):
    (old / "locked").mkdir(mode=0o500)
    done = mkimage(old, "my host.conf", "-o", "locked/x.iso", preexec_fn=drop_override)
    assert done.returncode == 1 and "Permission denied" in done.stderr


@pytest.mark.parametrize("size", [10_000, 1_000_000, 3_000_000])
def test_size_limit(old, size):
    """A full disk, as a user without mount() can have one: no file larger than this."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    assert_refused(old, mkimage(old, "my host.conf", "-o", "x.iso", preexec_fn=limit), "mkimage: ")


# Who is not root mounts in namespaces of its own; root may be where there are none, as in a chroot.
NAMESPACE = [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
ON_A_SMALL_DISK = """mount -t tmpfs -o size="$1" none disk || exit 99
"$2" "my host.conf" -o disk/x.iso
status=$?
ls -A disk
umount disk
exit $status"""


@pytest.mark.parametrize("size", ["64k", "1m", "3m"])
def test_full_disk(folder, size):
    (folder / "disk").mkdir()
    done = subprocess.run(
        NAMESPACE + ["sh", "-c", ON_A_SMALL_DISK, "sh", size,
         folder.parent / "the tool/mkimage"],
        cwd=folder, text=True, capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and "mkimage: " in done.stderr
    assert done.stdout == ""


def test_failing_tool(old, tmp_path):
    environment = with_tools(tmp_path, grub_mkrescue="echo no luck today; exit 3")
    assert_refused(old, mkimage(old, "my host.conf", "-o", "x.iso", env=environment),
                   "no luck today", "mkimage: grub-mkrescue failed")


def test_tool_that_makes_half_an_image(old, tmp_path):
    environment = with_tools(tmp_path, grub_mkrescue="head -c 100000 /dev/zero >image.iso")
    assert_refused(old, mkimage(old, "my host.conf", "-o", "x.iso", env=environment),
                   "mkimage: the image was not written whole")


def test_missing_tools(old, tmp_path):
    done = mkimage(old, "my host.conf", "-o", "x.iso", env={"PATH": str(tmp_path)})
    assert_refused(old, done, "mkimage: missing: grub-mkrescue xorriso mformat. "
                              "Type:  sudo apt-get install grub-common xorriso mtools\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals(old, tmp_path, number):
    """In the middle of its work; what it has started ends with it."""
    environment = with_tools(tmp_path, grub_mkrescue=f"""
        echo half >image.iso; mkdir "$TMPDIR/grub.1"
        sleep 600 & echo $! $$ >'{tmp_path}/pids'; wait""")
    environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen([old.parent / "the tool/mkimage", "my host.conf", "-o", "x.iso"],
                               cwd=old, env=environment, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    pids = wait_until(lambda: (tmp_path / "pids").exists() and
                      (tmp_path / "pids").read_text().split())
    assert len(names(old)) == 3
    process.send_signal(number)
    assert process.wait(timeout=DEADLINE) == -number
    assert process.stderr.read() == ""
    assert names(old) == ["my host.conf", "x.iso"] and (old / "x.iso").read_text() == "old"
    assert names(tmp_path / "tmp") == []
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it did not come to pass in time")
