# SPDX-License-Identifier: MIT
"""A Linux of guests/linux, driven at the shell on its console: in a VM, or straight on a machine."""

import re

import guests
from console import text

LINUX = guests.BUILT / "linux"
COMMAND_LINE = "console=ttyS0 quiet"
PROMPT = rb"/root # (?:\x1b\[6n)?"


class Shell:
    """Of a Linux that has a machine's line for itself. A subclass may have to go to it first."""

    def __init__(self, machine, slowness=1):
        self.machine, self.slowness = machine, slowness

    def attach(self):
        """Makes the line this Linux's console."""

    def wait_shell(self, timeout=60):
        """Waits for its shell; answers what it has printed until then."""
        self.attach()
        self.machine.expect(r"linux-ready\r?\n", timeout * self.slowness)
        log = self._before()
        self.machine.expect(PROMPT, 20 * self.slowness)
        self.run("dmesg -n 1; stty cols 1000")  # nothing of the kernel's between, and no line is cut
        return log

    def run(self, command, timeout=20):
        """What a command prints."""
        self.attach()
        self.machine.console.send(command + "\r")
        self.machine.expect(re.escape(command) + r"\r?\n", 10 * self.slowness)
        self.machine.expect(PROMPT, timeout * self.slowness)
        return self._before().strip()

    def status(self, command, timeout=20):
        """(its exit status, what it printed)"""
        said, _, status = self.run(command + "; echo \"status $?\"", timeout).rpartition("status ")
        return int(status), said.strip()

    def ok(self, command, timeout=20):
        """What a command prints that must succeed."""
        status, said = self.status(command, timeout)
        assert status == 0, f"{command}: status {status}: {said}"
        return said

    def fails(self, command, timeout=20):
        status, said = self.status(command, timeout)
        assert status != 0, f"{command}: {said}"
        return said

    def until(self, command, pattern, tries=40):
        """Runs it again and again until its output matches; answers the match."""
        for _ in range(tries):
            if found := re.search(pattern, self.run(command)):
                return found
            self.run("sleep 0.5")
        raise AssertionError(f"{command}: no {pattern} in {self.run(command)}")

    def _before(self):
        return self.machine.console.line.before.decode(errors="replace").replace("\r", "")


class Line:
    """A machine's serial line, which has either Ashlar's prompt or a VM's console on it."""

    def __init__(self, machine, slowness):
        self.machine, self.slowness = machine, slowness
        self.console = None  # the VM's name
        machine.witness = self.what_it_does

    def what_it_does(self):
        """(title, text) of what Ashlar says of its VMs behind a failure, if it still answers."""
        self._ask(guests.LEAVE)
        said = self._ask("\rvm list")
        yield "vm list", said
        for name in re.findall(r"^([\w-]+) +running", said, re.M):
            for verb in ("info", "stats", "dump"):
                yield f"vm {verb} {name}", self._ask(f"vm {verb} {name}")

    def _ask(self, line):
        """Types it; answers what comes until nothing more does."""
        self.machine.console.send(line + "\r" if isinstance(line, str) else line)
        return text(self.machine.console.raw_until_quiet())

    def to_console(self, name):
        if self.console != name:
            self.to_prompt()
            self.machine.console.type_line(f"console {name}")
            self.console = name

    def to_prompt(self):
        """A console that its VM's end has closed as well."""
        if self.console is not None:
            self.machine.console.send(guests.LEAVE)
            self.machine.expect_prompt(20 * self.slowness)
            self.console = None

    def command(self, line, timeout=30):
        self.to_prompt()
        return self.machine.command(line, timeout * self.slowness)

    def command_json(self, line, timeout=30):
        self.to_prompt()
        return self.machine.command_json(line, timeout * self.slowness)


class InVm(Shell):
    """Of the Linux in a VM of Ashlar's."""

    def __init__(self, line, name):
        super().__init__(line.machine, line.slowness)
        self.line, self.name = line, name

    def attach(self):
        self.line.to_console(self.name)
