# SPDX-License-Identifier: MIT
"""tools/run as `make run` starts it: the terminal is the shell's, Ctrl-C included."""

import pexpect
import pytest

import image
from console import SLOWNESS

RUN = image.ROOT / "tools/run"
PROMPT = "ashlar> "


def run(*words):
    return pexpect.spawn(str(RUN), [str(word) for word in words], timeout=60 * SLOWNESS,
                         encoding="latin-1")


def assert_ended(terminal):
    """With status 0, by itself."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


@pytest.mark.parametrize("machine, leave, key", [
    ("svm", "Ctrl-A, then X", "\x01x"), ("vmx", "Ctrl-]", "\x1d")])
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
