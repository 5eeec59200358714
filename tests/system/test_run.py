# SPDX-License-Identifier: MIT
"""tools/run as `make run` starts it: the terminal is the shell's, Ctrl-C included."""

import subprocess

import pexpect
import pytest

import image
from console import SLOWNESS

RUN = image.ROOT / "tools/run"
PROMPT = "ashlar> "
LINUX_PROMPT = "/root # "


def run(*words):
    return pexpect.spawn(str(RUN), [str(word) for word in words], timeout=60 * SLOWNESS,
                         encoding="latin-1")


def assert_ended(terminal):
    """With status 0, by itself."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("machine, leave, key", [
    ("svm", "Ctrl-A, then X", "\x01x"), ("vmx", "Ctrl-\\", "\x1c")])
def test_terminal(machine, leave, key):
    terminal = run(image.image(), machine)
    terminal.expect_exact(f"MACHINE={machine}")
    terminal.expect_exact(leave)
    terminal.expect_exact(PROMPT)
    terminal.send("abc\x03")
    terminal.expect_exact(PROMPT)
    terminal.send("version\r")
    terminal.expect("Ashlar [0-9.]+")
    terminal.expect_exact(PROMPT)
    terminal.send(key)
    assert_ended(terminal)


@pytest.mark.parametrize("machine", ["svm", "vmx"])
def test_poweroff_ends_it(machine):
    terminal = run(image.image(), machine)
    terminal.expect_exact(PROMPT)
    terminal.send("poweroff\r")
    assert_ended(terminal)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("machine, slowness", [("svm", 1), ("vmx", 8)])
def test_the_demo(machine, slowness):
    """What `make run` boots: the hint of three lines, the prompt, and what the hint says: the list
    of two VMs, Linux's shell with its own hint, pings of the other VM and of the world, back, the
    networks, and its end by the power button, which leaves the other."""
    subprocess.run([image.MKIMAGE, image.DEMO, "-o", image.TEST / f"demo-{machine}.iso"], check=True)
    terminal = run(image.TEST / f"demo-{machine}.iso", machine)
    terminal.timeout = 60 * SLOWNESS * slowness
    for hint in "try: vm list", "console linux, its console", "vm stop linux, which":
        terminal.expect_exact(hint)
    terminal.expect_exact(PROMPT)
    terminal.send("console linux\r")
    for hint in "try: ip address", "ping 10.8.0.1", "Ctrl-], then net":
        terminal.expect_exact(hint)
    terminal.expect_exact("linux-ready")
    terminal.expect_exact(LINUX_PROMPT)
    terminal.send("echo $((6 * 7)) $(uname -s)\r")
    terminal.expect_exact("42 Linux")
    terminal.expect_exact(LINUX_PROMPT)
    for address in "10.8.0.11", "10.0.2.2":  # linux2 may still be booting
        terminal.send(f"until ping -c 1 -W 5 {address}; do sleep 1; done\r")
        terminal.expect_exact(f"64 bytes from {address}")
        terminal.expect_exact(LINUX_PROMPT)
    terminal.send("\x1d")
    terminal.expect_exact(PROMPT)
    terminal.send("net\r")
    terminal.expect("lan +[^\n]*nat[^\n]*e1000:0")
    terminal.expect_exact(PROMPT)
    terminal.send("vm stop linux\r")
    terminal.expect_exact(PROMPT)
    terminal.send("vm list\r")
    terminal.expect("linux +stopped [^\n]*powered off by the guest")
    terminal.expect("linux2 +running")
    terminal.expect_exact(PROMPT)
    terminal.send("poweroff\r")
    assert_ended(terminal)


def test_machine_by_itself():
    terminal = run(image.image())
    terminal.expect(r"MACHINE=(svm|kvm)\)")
    terminal.expect_exact(PROMPT)
    terminal.send("poweroff\r")
    assert_ended(terminal)


def test_no_such_machine():
    terminal = run("none.iso", "pdp11")
    terminal.expect_exact("There is no machine pdp11: MACHINE is svm, vmx or kvm.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 2
