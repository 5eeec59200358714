# SPDX-License-Identifier: MIT
"""The tests' own wire between machines (network.py), without a machine."""

import socket
import time

import network

FRAMES = 20000
BROADCAST, SHORT = b"\xff" * 60, b"\xff" * 14
TRIES = 20


def test_a_segment_outlives_a_machine():
    """One cable's machine is gone: what is sent there comes back as an error, at any moment."""
    segment = network.Segment()
    with socket.socket(type=socket.SOCK_DGRAM) as machine:
        port = segment.plug().port
        segment.plug()
        machine.bind((network.LOOPBACK, port))
        machine.connect((network.LOOPBACK, port + 1))
        for n in range(FRAMES):
            machine.send(BROADCAST)
            if n % 50 == 0:
                time.sleep(0.0005)
        # A segment that is behind may have no room for one of them.
        for _ in range(TRIES):
            machine.send(SHORT)
            if segment.wait(lambda frame: frame.data == SHORT, timeout=1):
                break
        else:
            assert False, "nothing passes any more"
    segment.close()
