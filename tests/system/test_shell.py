# SPDX-License-Identifier: MIT
"""The shell to the letter: on one machine, which every test leaves at the prompt."""

import re

import pytest

pytestmark = pytest.mark.xdist_group("shell")

LISTINGS = ["acpi", "pci", "irq", "log", "trace", "help"]
OBJECTS = ["cpu", "mem", "version"]
CTRL_A, CTRL_C, CTRL_K, CTRL_U, CTRL_W = b"\x01", b"\x03", b"\x0b", b"\x15", b"\x17"
UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
# All that is ever sent at the prompt: printable, CR, LF, BS, BEL, and CSI C, D, K.
AT_PROMPT = re.compile(rb"(?:[\x20-\x7e\r\n\b\a]|\x1b\[[0-9]*[CDK])*")


@pytest.fixture
def line(shell):
    """The console of the shared machine, at a new prompt and with nothing left unread: what the last
    test has left comes before a command's echo. Behind its CR, a LF would be part of it."""
    console = shell.console
    console.send(CTRL_C)
    console.command("version")
    console.send(CTRL_C)
    console.expect_prompt()
    return console


def exchange(line, typed):
    """The exact bytes that come back; some do."""
    line.send(typed)
    return line.raw_until_quiet(first=10)


def test_prompt_bytes(line):
    assert exchange(line, b"\n") == b"\r\nashlar> "
    assert exchange(line, b"\r") == b"\r\nashlar> "
    assert exchange(line, b"\r\n") == b"\r\nashlar> "  # one Enter of a terminal that sends both


def test_typing_sends_only_the_echo(line):
    assert exchange(line, b"vers") == b"vers"
    assert exchange(line, b"ion") == b"ion"
    said = exchange(line, b"\r")
    assert re.fullmatch(rb"\r\nAshlar [^\r\n]+\r\nashlar> ", said)


def test_ctrl_c_gives_a_new_prompt(line):
    assert exchange(line, b"some words") == b"some words"
    assert exchange(line, CTRL_C).endswith(b"\r\nashlar> ")
    assert exchange(line, b"\r") == b"\r\nashlar> "


def test_editing(line, shell):
    line.send(b"xyversion" + CTRL_A + b"\x1b[3~\x1b[3~" + b"\r")
    assert shell.expect_prompt().splitlines()[-1].startswith("Ashlar ")
    line.send(b"versio" + LEFT * 6 + RIGHT * 6 + b"nn\b\r")
    assert shell.expect_prompt().splitlines()[-1].startswith("Ashlar ")
    line.send(b"nothing good" + CTRL_W + CTRL_U + b"version more" + LEFT * 5 + CTRL_K + b"\r")
    assert shell.expect_prompt().splitlines()[-1].startswith("Ashlar ")


def test_history(line, shell):
    shell.command("help version")
    shell.command("version")
    line.send(UP + UP + b"\r")
    assert "version" in shell.expect_prompt()
    line.send(UP + UP + DOWN + b"\r")
    shell.expect_prompt()


def test_completion(line):
    assert exchange(line, b"vers\t").rstrip(b" ") == b"version"
    exchange(line, CTRL_C)
    said = exchange(line, b"p\t\t")
    for name in (b"panic", b"pci", b"poweroff"):
        assert name in said
    assert said.endswith(b"\r\nashlar> p")
    exchange(line, CTRL_C)
    assert exchange(line, b"log -f w\t").rstrip(b" ") == b"log -f warn"


def test_only_plain_bytes_at_the_prompt(line):
    typed = b"version" + LEFT * 3 + b"XY" + CTRL_A + b"\x1b[F" + b"\b\b" + UP + DOWN + b"\tq"
    said = exchange(line, typed + CTRL_C)
    assert AT_PROMPT.fullmatch(said), said


@pytest.mark.parametrize("name", LISTINGS)
def test_listing_as_json(shell, line, name):
    rows = shell.command_json(name)
    assert isinstance(rows, list) and rows
    assert all(isinstance(row, dict) for row in rows)
    if name != "trace":  # each kind of event has its own values there
        assert all(row.keys() == rows[0].keys() for row in rows)


@pytest.mark.parametrize("name", OBJECTS)
def test_object_as_json(shell, line, name):
    assert isinstance(shell.command_json(name), dict)


def test_mem_counts_what_is_used(shell, line):
    """What commands take they give back: the counters are the same before and after."""
    for name in LISTINGS + OBJECTS:
        shell.command(name)
    before = shell.command_json("mem")["used"]
    for name in LISTINGS + OBJECTS:
        shell.command(name)
        shell.command_json(name)
    assert shell.command_json("mem")["used"] == before
    assert all(isinstance(count, int) for count in before.values())


def test_help_names_every_command(shell, line):
    said = shell.command("help")
    for name in LISTINGS + OBJECTS + ["panic", "reboot", "poweroff"]:
        assert re.search(rf"^ *{name}\b", said, re.MULTILINE), name
        assert name in shell.command(f"help {name}")


def test_no_escapes_in_output(shell, line):
    for name in LISTINGS + OBJECTS:
        line.send(name + "\r")
        shell.expect_prompt()
        assert b"\x1b" not in line.line.before


@pytest.mark.parametrize("wrong", ["nonsense", "versoin", "log nonsense", "log -f warn much more",
                                   "panic 99", "panic x", "help nonsense", "version 1 2 3",
                                   "log -f -j", "cpu -j -j", "mem x", '"', "-j", "\\"])
def test_errors_say_so(shell, line, wrong):
    assert shell.command(wrong).startswith("error: ")


def test_error_suggests_a_near_miss(shell, line):
    assert "version" in shell.command("versoin")


def test_line_of_the_greatest_length(shell, line):
    word = "x" * 1024
    line.send(word + "\r")
    assert "error: " in shell.expect_prompt()


def test_line_too_long(shell, line):
    line.send("x" * 1025 + "\r")
    assert "error: line too long" in shell.expect_prompt()
    assert shell.command("version").startswith("Ashlar ")


def test_line_of_64_kibibytes(shell, line):
    line.paste(b"y" * 65536 + b"\r")
    assert "error: line too long" in shell.expect_prompt(120)
    assert shell.command("version").startswith("Ashlar ")


def test_paste_of_64_kibibytes_of_commands(shell, line):
    """Each is run, in its order, and none is lost."""
    count = 65536 // len("nr00000\r")
    line.paste(b"".join(b"nr%05d\r" % n for n in range(count)))
    for n in range(count):
        match = shell.expect(rb'error: [^\r\n]*(nr\d{5})', 60)
        assert match[1] == b"nr%05d" % n
    line.raw_until_quiet()
    assert shell.command("version").startswith("Ashlar ")


def test_garbage(shell, line):
    """Every byte there is, in an order without sense; the shell is there afterwards."""
    state, garbage = 1, bytearray()
    for _ in range(20000):
        state = (state * 1103515245 + 12345) & 0x7fffffff
        garbage.append(state >> 16 & 0xff)
    harmless = bytes(garbage).replace(b"\r", b"?").replace(b"\n", b"?")
    line.paste(harmless)
    line.raw_until_quiet(1.5)
    exchange(line, b"\r" + CTRL_C)
    line.raw_until_quiet()
    assert shell.command("version").startswith("Ashlar ")


def test_log_levels(shell, line):
    everything, warnings = shell.command_json("log"), shell.command_json("log warn")
    assert {row["level"] for row in warnings} <= {"error", "warn"}
    assert len(warnings) < len(everything)
    assert [row["seq"] for row in everything] == sorted(row["seq"] for row in everything)


def test_log_follows_until_ctrl_c(shell, line):
    shell.console.type_line("log -f")
    shell.expect(r"Ctrl-C")
    line.send(CTRL_C)
    shell.expect_prompt()
    assert shell.command("version").startswith("Ashlar ")


def test_trace_shows_this_moment(shell, line):
    rows = shell.command_json("trace")
    assert {"cpu", "time_ns"} <= rows[0].keys()


def test_pci_knows_the_chipset(shell, line):
    rows = {row["address"]: row for row in shell.command_json("pci")}
    assert rows["00:00.0"]["id"] == "8086:29c0"  # Q35's host bridge
    assert "msi" in rows["00:1f.2"]["capabilities"] and "5:mem" in rows["00:1f.2"]["bars"]
    assert not any(row["bus_master"] for row in rows.values())


def test_acpi_knows_the_tables(shell, line):
    signatures = {row["signature"] for row in shell.command_json("acpi")}
    assert {"APIC", "FACP", "MCFG", "HPET", "DMAR", "DSDT"} <= signatures
