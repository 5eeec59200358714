# SPDX-License-Identifier: MIT
"""VMs for the tests: images with guests in them, and one machine that runs them one by one."""

import hashlib
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
LEAVE = b"\x1d"  # Ctrl-], which leaves a VM's console

# What each backend's machine is, and how much slower than QEMU it is. Where its CPUs run at the same
# time, QEMU loses its way between a guest and us, now and then (docs/testing.md).
BACKENDS = {
    "svm": (machine.Qemu, {"cpu": machine.SVM, "parallel": False}, 1),
    "vmx": (machine.Bochs, {"cpu": machine.VMX, "memory": 1024}, 5),
}


@dataclass
class Row:
    """A line of guests/tests/guests.txt or hostile.txt, which say what they are."""
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


def hostile_rows():
    return [Row(name, load, memory, int(vcpus), int(seconds), ends.strip(), guest,
                "" if option == "-" else option)
            for name, guest, load, memory, vcpus, seconds, option, ends
            in (line.split(None, 7) for line in lines(HOSTILE))]


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
    return "\n".join(lines) + "\n"


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


def straight(row, timeout=60):
    """Runs a test guest on an emulated machine without a hypervisor: (what it printed, the status
    that it ended the machine with)."""
    argv = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "EPYC-Milan",
            "-smp", row.vcpus, "-m", row.memory, "-nodefaults", "-no-user-config",
            "-display", "none", "-serial", "stdio", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
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
