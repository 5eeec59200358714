# SPDX-License-Identifier: MIT
"""build/mkimage as people type it: what it says, what it leaves behind, what is in the image."""

import ctypes
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time

import pexpect
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
                         "memory = 1G\nlgo = x\nnothing\n[disk web]\n[host]\n")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "my host.conf:1: found log before any section; expected [host] first",
        "my host.conf:2: found [hots]; expected [host], [net NAME], [vm NAME]; did you mean host?",
        "my host.conf:4: found log = loud; expected error, warn, info or debug",
        "my host.conf:5: found log a second time; expected it once, as in line 4",
        f"my host.conf:6: found console = tty; expected {CONSOLES}",
        "my host.conf:7: found memory; expected a key of [host]: log, console, apicv, "
        "console-mirror",
        "my host.conf:8: found lgo; expected a key of [host]; did you mean log?",
        "my host.conf:9: found nothing; expected KEY = VALUE",
        "my host.conf:10: found [disk web]; expected [host], [net NAME], [vm NAME]",
        "my host.conf:11: found [host] a second time; expected it once, as in line 3",
    ]


def test_errors_of_vms_and_files_in_line_order(old):
    """Whoever finds them, the parser or the look at the files; and no image is made of it."""
    (old / "k").write_text("a kernel")
    (old / "my host.conf").write_text(
        "[vm a]\nmemroy = 1M\nkernal = k\ninitrd = gone\nautostart = yse\n[vm b]\nmemory = 1M\n"
        "kernel = k\nkernel = gone\nfirmware = gone\n[vm a]\nmodule = gone\n[wm c]\n[vm C]\n")
    done = mkimage(old, "my host.conf", "-o", "x.iso")
    (old / "k").unlink()
    assert_refused(old, done)
    name = "a name of 1 to 31 characters out of a-z, 0-9, _ and -"
    assert done.stderr.splitlines() == ["my host.conf:" + line for line in [
        "1: found [vm a] without memory; expected memory = SIZE, as in 256M in it",
        "1: found [vm a] without kernel; expected kernel = FILE or firmware = FILE in it",
        "2: found memroy; expected a key of [vm NAME]; did you mean memory?",
        "3: found kernal; expected a key of [vm NAME]; did you mean kernel?",
        "4: found initrd = gone; expected a file that can be read",
        "5: found autostart = yse; expected yes or no; did you mean yes?",
        "9: found kernel a second time; expected it once, as in line 8",
        "10: found firmware beside kernel in line 8; expected one of them alone",
        "11: found [vm a] a second time; expected it once, as in line 1",
        "12: found module = gone; expected a file that can be read",
        "13: found [wm c]; expected [host], [net NAME], [vm NAME]; did you mean vm?",
        f"14: found [vm C]; expected {name}"]]


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


def keys():
    """(section, key) of every row of docs/configuration.md, which has them all: a unit test
    compares it with the parser's tables."""
    section = None
    for line in (image.ROOT / "docs/configuration.md").read_text().splitlines():
        if line.startswith("## "):
            section = re.match(r"## `\[(\w+)", line)
        elif section and (row := re.match(r"\| `([a-z-]+)` \|", line)):
            yield section[1], row[1]


KEYS = list(keys())
FREE = {"kernel", "firmware", "initrd", "module", "cmdline"}  # a number is as good as a word


def page_with(section, key, value):
    """A configuration where this key's value, in the second line, is all that may be wrong."""
    lines = [f"[{section}]" if section == "host" else f"[{section} web]", f"{key} = {value}"]
    if section == "net":
        lines += ["mode = nat"] * (key != "mode") + ["uplink = e1000:0"] * (key != "uplink")
    if section == "vm":
        lines += ["memory = 1M"] * (key != "memory")
        lines += ["kernel = k"] * (key not in ("kernel", "firmware"))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("section, key", KEYS, ids=[key for _, key in KEYS])
def test_bad_values_of_every_key(folder, section, key):
    for name in "k", "-1", "9" * 20:
        (folder / name).write_text("a file")
    for value in "", "x" * 4096, "-1", "9" * 20:
        done = check(folder, page_with(section, key, value))
        lines = [line for line in done.stderr.splitlines() if line.startswith("my host.conf:2: ")]
        if key in FREE and value in ("-1", "9" * 20):
            assert (done.returncode, done.stderr) == (0, ""), value
        else:
            assert done.returncode == 1 and len(lines) == 1, value
            assert lines[0].startswith(f"my host.conf:2: found {key} ") and "; expected " in lines[0]
            assert len(lines[0]) < 300


def test_every_key_is_tried():
    assert {("host", "log"), ("net", "mode"), ("vm", "memory"), ("vm", "cmdline")} < set(KEYS)
    assert len(KEYS) > 20


def test_networks_that_are_wrong(folder):
    (folder / "k").write_text("a file")
    done = check(folder, """\
[vm web]
memory = 64M
kernel = k
nic = e1000, net=lna
nic = e1000, net=lan, vlna=5
nic = e1000, net=lan, mac=52:54:00:00:00:01
nic = e1000, net=lan, mac=52:54:00:00:00:01
[net lan]
mode = nat
forward = tcp:80:wbe:80
host = 52:54:00:00:00:01 10.9.0.2
[net b]
mode = brigde
subnet = 10.8.0.300/24
[net c]
mode = host-only
uplink = e1000:0
""")
    assert done.returncode == 1 and done.stderr.splitlines() == [f"my host.conf:{line}" for line in (
        "4: found net = lna; expected the NAME of a [net NAME] of this file; did you mean lan?",
        "5: found vlna; expected a key of nic; did you mean vlan?",
        "7: found nic = e1000 with mac=52:54:00:00:00:01, which nic 2 of web has; expected each "
        "once in a network",
        "8: found [net lan] without uplink; expected uplink = e1000:N or pci:BUS:DEVICE.FUNCTION "
        "in it",
        "10: found forward = tcp:80:wbe:80; expected a VM of this file; did you mean web?",
        "11: found host = 52:54:00:00:00:01 10.9.0.2; expected an address in 10.8.0.0/24, but "
        "neither one of its first two nor the last",
        "13: found mode = brigde; expected bridge, nat or host-only; did you mean bridge?",
        "14: found subnet = 10.8.0.300/24; expected a network's own address and /8 to /29, as in "
        "10.8.0.0/24",
        "17: found uplink in a host-only network; expected it in a network of mode bridge or "
        "nat")]


BINARY = bytes(random.Random(1).randrange(256) for _ in range(65536)).decode("latin-1")


@pytest.mark.parametrize("text, errors, first", [
    ("", 0, ""),
    ("\n" * 100_000, 0, ""),
    ("# a\r\n" * 100_000, 0, ""),
    ("x\n" * 100_000, 100_000, "1: found x; expected KEY = VALUE"),
    ("[host]\n" * 100_000, 99_999, "2: found [host] a second time; expected it once, as in line 1"),
    ("[host]\r\nlog = debug", 0, ""),
    ("[host]\r\nlog = loud", 1, "2: found log = loud; expected "),
    ("a" * (10 << 20), 1, "1: found a file of more than 1 MiB; expected "),
    ("\0" * 65536, 1, "1: found "),
    (BINARY, None, "1: found "),
], ids=["empty", "blank", "comments", "words", "sections", "CR LF, no end", "an error without end",
        "10 MiB", "zeros", "binary"])
def test_no_configuration_at_all(folder, text, errors, first):
    done = check(folder, text)
    lines = done.stderr.splitlines()
    assert done.returncode == (errors != 0) and done.stdout == ""
    assert errors is None or len(lines) == errors
    assert not lines or lines[0].startswith("my host.conf:" + first)
    numbers = [int(line.split(":")[1]) for line in lines]
    assert numbers == sorted(numbers) and all(line.isprintable() for line in lines)


def test_files_that_are_not_there(folder):
    (folder / "empty").write_text("")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    lines = ["[vm web]", "memory = 1M", "kernel = gone", "initrd = folder", "module = pipe words",
             'module = "no such file" words', "module = empty"]
    done = check(folder, "\n".join(lines))
    readable = "a file that can be read"
    assert done.returncode == 1 and done.stderr.splitlines() == [
        f"my host.conf:3: found kernel = gone; expected {readable}",
        f"my host.conf:4: found initrd = folder; expected {readable}",
        f"my host.conf:5: found module = pipe; expected {readable}",
        f"my host.conf:6: found module = no such file; expected {readable}",
        "my host.conf:7: found module = empty; expected a file that is not empty"]


def test_more_files_than_can_be_loaded(folder):
    text = "[vm web]\nmemory = 1M\nkernel = file0\n[vm b]\nmemory = 1M\nkernel = ./file0\n"
    for number in range(130):
        (folder / f"file{number}").write_text("a file")
        if number % 30 == 0:
            text += f"[vm v{number}]\nmemory = 1M\nkernel = file0\n"
        text += f"module = file{number}\n"
    done = check(folder, text)
    assert done.returncode == 1
    assert [line.split(": ", 1)[1] for line in done.stderr.splitlines()] == [
        f"found module = file{number}; expected at most 127 files in all VMs together"
        for number in range(126, 130)]


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


def test_manual_page(folder):
    """It has every option, and every exit status."""
    usage = mkimage(folder).stderr
    page = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", image.ROOT / "docs/mkimage.1"],
                          text=True, check=True, capture_output=True).stdout
    options = set(re.findall(r" (--?[a-z]+)", usage))
    assert options == {"-o", "--check"} and all(option in page for option in options)
    status = page[page.index("EXIT STATUS"):page.index("FILES")]
    assert re.findall(r"^ +([0-9]) ", status, re.M) == ["0", "1", "2"]


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


def files_in(path, folder):
    """What a configuration's image has in /boot/files, in the order of their numbers."""
    xorriso(path, "-extract", "/boot/files", folder)
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def test_files_wherever_they_are(folder, tmp_path):
    """Relative to the configuration, or not; each once; blanks, and what a shell takes for more."""
    (folder / "a $b;c").mkdir()
    (folder / "a $b;c/my kernel").write_text("one")
    (tmp_path / "init=rd, of all").write_text("two")
    (folder / "my host.conf").write_text(
        "[vm a]\nmemory = 1M\nkernel = a $b;c/my kernel\ninitrd = ../init=rd, of all\n"
        f"[vm b]\nmemory = 1M\nkernel = a $b;c/../a $b;c/my kernel\ninitrd = {tmp_path}/init=rd, of all\n")
    done = subprocess.run([folder.parent / "the tool/mkimage", "some where/my host.conf",
                           "-o", "x.iso"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert files_in(tmp_path / "x.iso", tmp_path / "files") == [b"one", b"two"]


# Progress.

LARGE = 256 << 20


@pytest.fixture
def large(folder):
    """A configuration that names a large file, of zeros that take no room."""
    (folder / "my host.conf").write_text("[vm a]\nmemory = 1M\nkernel = large\n")
    with open(folder / "large", "wb") as out:
        out.truncate(LARGE)
    return folder


def on_a_terminal(folder, **options):
    return pexpect.spawn(str(folder.parent / "the tool/mkimage"), ["my host.conf", "-o", "x.iso"],
                         cwd=str(folder), timeout=DEADLINE, encoding="latin-1", **options,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def test_progress_on_a_terminal(large):
    terminal = on_a_terminal(large)
    for what in "copying files", "writing the image":
        terminal.expect(rf"\r{what}: \d+ % of 25[67] MiB")
        terminal.expect(r"\r +\r")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.before == "" and terminal.exitstatus == 0
    assert names(large) == ["large", "my host.conf", "x.iso"]


def test_no_progress_elsewhere(large):
    done = mkimage(large, "my host.conf", "-o", "x.iso")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_progress_of_little(folder):
    terminal = on_a_terminal(folder)
    terminal.expect(pexpect.EOF)
    assert terminal.before == ""


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


@pytest.mark.parametrize("size, file", [("64k", 1), ("1m", 1), ("3m", 1), ("8m", 16 << 20)])
def test_full_disk(folder, size, file):
    """At each step: the hypervisor, the image, the configuration's files."""
    (folder / "disk").mkdir()
    (folder / "file").write_bytes(bytes(file))
    (folder / "my host.conf").write_text("[vm a]\nmemory = 1M\nkernel = file\n")
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


@pytest.mark.parametrize("step", ["copying files", "writing the image"])
def test_ctrl_c(large, step):
    """Typed when little has been done, which stays so. On a busy computer it may have been done
    before it is typed: then once more."""
    for _ in range(5):
        (large / "x.iso").write_text("old")
        terminal = on_a_terminal(large)
        terminal.expect(rf"\r{step}: \d+ %")
        os.kill(terminal.pid, signal.SIGSTOP)
        terminal.sendintr()
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.expect(pexpect.EOF)
        terminal.close()
        if f"{step}: 100 %" not in terminal.before:
            break
    assert terminal.signalstatus == signal.SIGINT
    assert f"{step}: 100 %" not in terminal.before and "mkimage:" not in terminal.before
    assert names(large) == ["large", "my host.conf", "x.iso"]
    assert (large / "x.iso").read_text() == "old"


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
