# SPDX-License-Identifier: MIT
"""QEMU's control socket (QMP): one command at a time; events are kept as they come."""

import json
import time


class Qmp:
    def __init__(self, connection, timeout):
        self.connection = connection
        self.timeout = timeout
        self.buffer = b""
        self.events = []
        connection.settimeout(timeout)
        self._receive()  # the greeting
        self.command("qmp_capabilities")

    def close(self):
        self.connection.close()

    def _receive(self):
        """The next message; None when QEMU has gone."""
        while b"\n" not in self.buffer:
            try:
                data = self.connection.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, /, **arguments):
        request = {"execute": name, "arguments": arguments}
        self.connection.sendall(json.dumps(request).encode() + b"\n")
        while (answer := self._receive()) is not None:
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"QMP {name}: {answer['error']['desc']}")
            else:
                return answer["return"]
        raise RuntimeError(f"QMP {name}: QEMU has ended")

    def drain(self):
        """Reads the events up to QEMU's end."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline and (message := self._receive()) is not None:
            if "event" in message:
                self.events.append(message)

    def shutdown_reason(self):
        """Why QEMU ended: guest-shutdown, guest-reset, host-qmp-quit, ...; None if it didn't say."""
        reasons = [event["data"]["reason"] for event in self.events if event["event"] == "SHUTDOWN"]
        return reasons[-1] if reasons else None
