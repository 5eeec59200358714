# SPDX-License-Identifier: MIT
"""The serial line of a machine, as a person uses it: everything waits with a deadline."""

import errno
import json
import os
import socket
import threading
import time
from types import SimpleNamespace

import pexpect
from pexpect import fdpexpect

# Its deadlines are by the time of day, which somebody may set: a virtual machine that goes on after
# a pause has it set for it, and each wait would be over at once.
pexpect.expect.time = SimpleNamespace(time=time.monotonic, sleep=time.sleep)

PROMPT = b"ashlar> "
# The prompt of the shell itself begins a line; the same bytes inside of a line are output.
PROMPT_LINE = rb"(?:\A|\n)ashlar> "
# A slower or shared computer stretches every deadline: TEST_SLOWNESS=3 makes them three times.
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "1"))


class _Line(fdpexpect.fdspawn):
    """A reset connection is the end of the line, as a closed one."""

    def read_nonblocking(self, size=1, timeout=-1):
        try:
            return super().read_nonblocking(size, timeout)
        except OSError as error:
            if error.errno in (errno.ECONNRESET, errno.EPIPE):
                raise pexpect.EOF(str(error)) from error
            raise


class Console:
    """A connected serial line; every byte that arrives goes to log_path as well."""

    def __init__(self, connection, log_path):
        self.connection = connection
        self.log = open(log_path, "wb")
        self.line = _Line(connection, timeout=30 * SLOWNESS, use_poll=True)
        self.line.logfile_read = self.log
        self.line.delaybeforesend = None

    def close(self):
        self.connection.close()
        self.log.close()

    def expect(self, pattern, timeout=30):
        """Waits for a regular expression (bytes or str); answers its match."""
        if isinstance(pattern, str):
            pattern = pattern.encode()
        self.line.expect(pattern, timeout=timeout * SLOWNESS)
        return self.line.match

    def expect_prompt(self, timeout=30):
        """Waits for the shell's prompt; answers the text before it."""
        self.expect(PROMPT_LINE, timeout)
        return text(self.line.before)

    def expect_end(self, timeout=30):
        """Waits until the machine closes the line; answers the text before that."""
        self.line.expect(pexpect.EOF, timeout=timeout * SLOWNESS)
        return text(self.line.before)

    def send(self, data):
        """Types bytes or str as they are. For more than a few lines see paste()."""
        self.connection.sendall(data.encode() if isinstance(data, str) else data)

    def paste(self, data):
        """Sends without waiting, however much; the caller reads meanwhile."""
        threading.Thread(target=_send_quietly, args=(self.connection, data), daemon=True).start()

    def type_line(self, line):
        """Types a line and Enter, and waits for its echo."""
        self.send(line + "\r")
        self.line.expect_exact(line.encode() + b"\r\n", timeout=10 * SLOWNESS)

    def command(self, line, timeout=30):
        """Runs a command at the prompt; answers what it printed."""
        self.type_line(line)
        return self.expect_prompt(timeout)

    def commands(self, lines, timeout=30):
        """Types several lines ahead, in one go; answers what each of them printed."""
        self.paste("".join(line + "\r" for line in lines).encode())
        said = []
        for line in lines:
            self.line.expect_exact(line.encode() + b"\r\n", timeout=timeout * SLOWNESS)
            said.append(self.expect_prompt(timeout))
        return said

    def command_json(self, line, timeout=30):
        """The same with -j: one line, parsed."""
        said = self.command(line + " -j", timeout)
        lines = said.split("\n")
        assert len(lines) == 1, f"{line} -j printed {len(lines)} lines: {said[:400]}"
        return json.loads(lines[0])

    def raw_until_quiet(self, quiet=0.7, first=None):
        """Every byte that arrives until none has for that long (seconds); the first one may take
        longer."""
        got = self.line.buffer
        self.line.buffer = b""
        while True:
            patience = quiet if got or first is None else first
            try:
                got += self.line.read_nonblocking(4096, timeout=patience * SLOWNESS)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return got


def text(data):
    """Serial bytes as text with plain newlines, without the one that closes it."""
    return data.decode(errors="backslashreplace").replace("\r\n", "\n").strip("\r\n")


def _send_quietly(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # the machine has ended; whoever reads its output says so


def connect(address, still_alive, timeout=20):
    """A connection to a serial line: a path, or (host, port). Waits for the emulator to listen."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    deadline = time.monotonic() + timeout * SLOWNESS
    while True:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.connect(address)
            return connection
        except OSError:
            connection.close()
            if not still_alive() or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
