#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows which of the hypervisor's functions the instructions of one guest operation go to, exactly:
QEMU logs each instruction that it executes.

tools/profile.py OPERATION [--rounds N] [--lines] [--listing FILE]

OPERATION is one of guests/tests/bench.c; `make bench BENCH=guest` has its cost in all.
"""

import argparse
import bisect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))

import image
import operations

DEBUG = image.BUILD / "ashlar.debug"
GUEST = image.BUILD / "guests/obj/bench.elf"
HOST_FROM = 1 << 63  # a guest's addresses are in the lower half
EXECUTED = re.compile(r"\[[0-9a-f]+/([0-9a-f]+)/")


class Symbols:
    """The functions of a program."""

    def __init__(self, path):
        out = subprocess.run(["nm", "-n", path], check=True, capture_output=True, text=True).stdout
        rows = [line.split() for line in out.splitlines()]
        rows = [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and row[1] in "tTwW"]
        self.addresses = [address for address, _ in rows]
        self.names = [name for _, name in rows]

    def address(self, name):
        return self.addresses[self.names.index(name)]

    def function(self, address):
        """(name, offset)"""
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at], address - self.addresses[at]


def record(operation, rounds, folder):
    """The addresses of all instructions, the guest's too, as the emulator has executed them."""
    host = operations.host("profile", f"only={operation.name} rounds={rounds} hold=1")
    vm = f"bench{operation.vcpus}"
    log = folder / "executed.log"
    log.unlink(missing_ok=True)
    try:
        host.command(f"vm start {vm}")
        host.console.type_line(f"console {vm}")
        host.expect("bench holds")
        host.qmp.command("stop")
        for line in (f"logfile {log}", "singlestep on", "log exec,nochain"):
            host.qmp.command("human-monitor-command", **{"command-line": line})
        host.qmp.command("cont")
        host.console.send("\r")
        host.expect(r"bench \S+ rounds \d+ min \d+ sum \d+", 120)
    finally:
        host.close()
    with open(log) as lines:
        for line in lines:
            match = EXECUTED.search(line)
            if match:
                yield int(match[1], 16)
    log.unlink()


def measured(executed, guest):
    """Of those, the rounds that count: a list of addresses each."""
    begin, end = guest.address("round_begin"), guest.address("round_end")
    inside, found = None, []
    for address in executed:
        if address == begin:
            inside = []
        elif address == end and inside is not None:
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.append(address)
    return found


def exits(one_round):
    """[(guest's address, the hypervisor's instructions)] of each stay in the hypervisor."""
    found, before, stay = [], 0, []
    for address in one_round + [0]:
        if address >= HOST_FROM:
            stay.append(address)
            continue
        if stay:
            found.append((before, stay))
            stay = []
        before = address
    return found


def source_lines(addresses):
    """{address: 'function (file:line)'}, the innermost of inlined ones."""
    addresses = sorted(addresses)
    out = subprocess.run(["addr2line", "-f", "-e", DEBUG], check=True, capture_output=True, text=True,
                         input="".join(f"{address:#x}\n" for address in addresses)).stdout
    words = out.splitlines()
    return {address: f"{words[2 * n]} ({words[2 * n + 1].removeprefix(str(ROOT) + '/').split(' ')[0]})"
            for n, address in enumerate(addresses)}


def show(counts, rounds, title):
    print(f"\n{'a round':>9} {'share':>6}  {title}")
    total = sum(counts.values())
    for name, count in counts.most_common():
        print(f"{count / rounds:>9.1f} {100 * count / total:>5.1f}%  {name}")


def write_listing(path, one_round, symbols, guest):
    with open(path, "w") as file:
        for address in one_round:
            name, offset = (symbols if address >= HOST_FROM else guest).function(address)
            file.write(f"{address:016x} {name}+{offset:#x}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = {each.name: each for each in operations.OPERATIONS if not each.is_second()}
    parser.add_argument("operation", choices=known)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--lines", action="store_true", help="also by line of the sources")
    parser.add_argument("--listing", help="writes each instruction of the last round to a file")
    options = parser.parse_args()

    folder = image.TEST / "logs/profile"
    folder.mkdir(parents=True, exist_ok=True)
    symbols, guest = Symbols(DEBUG), Symbols(GUEST)
    rounds = measured(record(known[options.operation], options.rounds, folder), guest)
    assert len(rounds) == options.rounds, f"{len(rounds)} rounds seen"

    stays = [stay for one in rounds for stay in exits(one)]
    executed = [address for _, stay in stays for address in stay]
    print(f"{options.operation}: {len(executed) / len(rounds):.1f} instructions of the hypervisor a "
          f"round, in {len(stays) / len(rounds):.2f} exits")
    by_place = Counter()
    for place, stay in stays:
        by_place[f"left at {guest.function(place)[0]}+{guest.function(place)[1]:#x}"] += len(stay)
    show(by_place, len(rounds), "exit")
    show(Counter(symbols.function(address)[0] for address in executed), len(rounds), "function")
    if options.lines:
        lines = source_lines(set(executed))
        show(Counter(lines[address] for address in executed), len(rounds), "line")
    if options.listing:
        write_listing(options.listing, rounds[-1], symbols, guest)


if __name__ == "__main__":
    main()
