# SPDX-License-Identifier: MIT
"""VMs for the tests: images with guests in them, and one machine that runs them one by one."""

import hashlib
import json
import re
import shutil
import subprocess
import time
from dataclasses import dataclass

import image
import machine
import pexpect
from console import SLOWNESS

BUILT = image.BUILD / "guests"
TABLE = image.ROOT / "guests/tests/guests.txt"
HOSTILE = image.ROOT / "guests/tests/hostile.txt"
NETWORK = image.ROOT / "guests/tests/network.txt"
LEAVE = b"\x1d"  # Ctrl-], which leaves a VM's console

# What each backend's machine is, and how much slower than QEMU it is. Where its CPUs run at the same
# time, QEMU loses its way between a guest and us, now and then (docs/testing.md).
BACKENDS = {
    "svm": (machine.Qemu, {"cpu": machine.SVM, "parallel": False}, 1),
    "vmx": (machine.Bochs, {"cpu": machine.VMX, "memory": 1024}, 5),
}

# For what is measured by the machine's clock: QEMU counts instructions, so that its own host's time has
# no part in it. Bochs always does.
COUNTED = {
    "svm": {"extra": ["-icount", "shift=4,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]},
    "vmx": {},
}


@dataclass
class Row:
    """A line of guests/tests/guests.txt, hostile.txt or network.txt, which say what they are."""
    name: str
    load: str
    memory: str
    vcpus: int
    seconds: int
    ends: str
    guest: str          # the program: in guests.txt it has the row's name
    option: str = ""    # a further word of its command line


def lines(table):
    return [line for line in table.read_text().splitlines()
            if line.strip() and not line.startswith("#")]


def rows():
    return [Row(name, load, memory, int(vcpus), int(seconds), ends.strip(), name)
            for name, load, memory, vcpus, seconds, ends
            in (line.split(None, 5) for line in lines(TABLE))]


def hostile_rows(table=HOSTILE):
    return [Row(name, load, memory, int(vcpus), int(seconds), ends.strip(), guest,
                "" if option == "-" else option)
            for name, guest, load, memory, vcpus, seconds, option, ends
            in (line.split(None, 7) for line in lines(table))]


def section(row):
    """The [vm] section of a row. The table itself is what a guest gets as initrd or module."""
    what = "firmware" if row.load == "firmware" else "kernel"
    lines = [f"[vm {row.name}]", f"memory = {row.memory}", f"vcpus = {row.vcpus}",
             f"{what} = {row.guest}", "debug-exit = on", "autostart = no"]
    if row.load == "pvh" or row.load.startswith("bzimage"):
        lines.append("initrd = guests.txt")
    elif row.load != "firmware":
        lines.append("module = guests.txt with words")
    if row.load != "firmware":
        lines.append(f"cmdline = {command_line(row)}")
    if row.guest.startswith("pci-"):
        lines.append("pci-test = on")
    return "\n".join(lines) + "\n"


def small_vm(name, kernel, memory="8M", vcpus=1, **more):
    """The [vm] section of a small VM, with further keys."""
    keys = {"memory": memory, "vcpus": vcpus, "kernel": kernel, "debug-exit": "on",
            "autostart": "no", **more}
    return f"[vm {name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def command_line(row):
    return (f"vcpus={row.vcpus} memory={row.memory.rstrip('M')} "
            f"module={TABLE.stat().st_size} seed={seed()} {row.option}").strip()


def seed():
    """Of what is random in the guests: another one every day, printed by those that use it."""
    return int(time.strftime("%Y%m%d"))


def image_with(config, files):
    """An image of a configuration and the files {name in it: path} that it names."""
    parts = [b"guests", image.MKIMAGE.read_bytes(), image.KERNEL.read_bytes(), config.encode()]
    for name, path in sorted(files.items()):
        parts += [name.encode(), hashlib.sha256(path.read_bytes()).digest()]

    def make(path):
        folder = path.with_suffix(".d")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "ashlar.conf").write_text(config)
        for name, source in files.items():
            shutil.copy(source, folder / name)
        done = subprocess.run([image.MKIMAGE, folder / "ashlar.conf", "-o", path],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.rmtree(folder)
    return image.made_once(parts, ".iso", make)


def config_of_rows(chosen):
    """Their configuration, and the files that it names."""
    files = {row.guest: BUILT / "tests" / row.guest for row in chosen}
    files["guests.txt"] = TABLE
    return "".join(section(row) for row in chosen), files


def image_of_rows(chosen):
    return image_with(*config_of_rows(chosen))


class Host:
    """A machine that runs Ashlar with all these VMs, none of them started. It serves one test after
    the other, and is made anew when one of them has spoilt it."""

    def __init__(self, backend, boot, **options):
        self.kind, defaults, self.slowness = BACKENDS[backend]
        self.options = machine.Options(image=boot, **{**defaults, **options})
        self.folder = image.TEST / "logs" / f"guests-{backend}-{boot.stem}"
        self.count = 0
        self.machine = None

    def ready(self):
        """The machine at its prompt."""
        if self.machine is not None:
            try:
                self.machine.console.send(LEAVE + b"\r")
                self.machine.expect_prompt(10)
                # Ctrl-] at the prompt may or may not have been one more empty line.
                self.machine.command("version", 10)
                return self.machine
            except (pexpect.TIMEOUT, pexpect.EOF, OSError):
                self.close()
        self.count += 1
        self.machine = self.kind(self.options, self.folder.with_name(
            f"{self.folder.name}-{self.count}"))
        self.machine.expect_prompt(60)
        return self.machine

    def spoil(self):
        """The next test gets another machine."""
        self.close()

    def close(self):
        if self.machine is not None:
            self.machine.close()
            self.machine = None


def vm_state(host, name):
    """A VM's line of `vm list -j`."""
    return next(vm for vm in host.command_json("vm list") if vm["name"] == name)


def wait_running(host, name, timeout=60):
    """The VMs that start by themselves may do so after the first prompt."""
    deadline = time.monotonic() + timeout * SLOWNESS
    while (vm := vm_state(host, name))["state"] != "running":
        assert time.monotonic() < deadline and not vm["reason"], vm
        time.sleep(0.2)


def times(host, name):
    """Ashlar's clock, and the CPU time of all vCPUs of a VM, in ns."""
    info = host.command_json(f"vm info {name}", 60)
    return info["now_ns"], sum(cpu["cpu_ns"] for cpu in info["cpus"])


def answer_ns(host, line, name, timeout=60):
    """(what a command says, ns until its prompt), with the two looks at a VM: typed ahead, so that
    the clock does not go on while the test thinks."""
    look = f"vm info {name} -j"
    before, said, after = host.commands([look, line, look], timeout)
    return said, json.loads(after)["now_ns"] - json.loads(before)["now_ns"]


def let_pass(host, name, seconds):
    """By Ashlar's clock; a VM by that name is there."""
    begin = times(host, name)[0]
    while times(host, name)[0] - begin < seconds * 1e9:
        time.sleep(seconds / 4)


def shares(host, names, seconds):
    """How much of a CPU each VM gets over so many seconds of Ashlar's clock."""
    before = [times(host, name) for name in names]
    let_pass(host, names[0], seconds)
    after = [times(host, name) for name in names]
    return [(to[1] - of[1]) / (to[0] - of[0]) for of, to in zip(before, after)]


def run_to_end(host, name, timeout):
    """Starts a VM, waits until it stops by itself; answers what it printed and its line of the list.
    A VM that doesn't stop is forced to, so that the machine can serve other tests."""
    said = host.command(f"vm start {name}")
    assert "error:" not in said, said
    try:
        printed = host.command(f"console {name}", timeout)
    except pexpect.TIMEOUT:
        host.console.send(LEAVE)
        host.expect_prompt(10)
        host.command(f"vm stop {name} --force")
        raise
    return printed, vm_state(host, name)


def in_use(host):
    """The counters that have to return to their old values."""
    return host.command_json("mem")["used"]


def settled(host, expected, timeout=30):
    """Waits until the counters are what they were; answers them. Memory is cleaned in the
    background before it is free again."""
    deadline = time.monotonic() + timeout * SLOWNESS
    while (now := in_use(host)) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    return now


def wait_clean(host, timeout=120):
    """Waits until the idle CPUs have cleaned what is free: until then they have something to do."""
    deadline = time.monotonic() + timeout * SLOWNESS
    while (memory := host.command_json("mem"))["free"] - memory["clean"] > 1 << 20:
        assert time.monotonic() < deadline, memory
        time.sleep(0.5)


def straight(row, timeout=60, extra=()):
    """Runs a test guest on an emulated machine without a hypervisor: (what it printed, the status
    that it ended the machine with)."""
    argv = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "EPYC-Milan",
            "-smp", row.vcpus, "-m", row.memory, "-nodefaults", "-no-user-config",
            "-display", "none", "-serial", "stdio", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *extra]
    if row.load == "firmware":
        argv += ["-bios", BUILT / "tests" / row.guest]
    else:
        argv += ["-kernel", BUILT / "tests" / row.guest, "-initrd", f"{TABLE} with words",
                 "-append", command_line(row)]
    if row.load == "pvh":
        argv[argv.index("-initrd") + 1] = TABLE
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout * SLOWNESS, text=True)
    return re.sub(r"\r\n", "\n", done.stdout), done.returncode >> 1
