# SPDX-License-Identifier: MIT
"""Whole machines: QEMU and Bochs, started with named options, ended by their own process id.

A machine's files (serial log, emulator's output, Bochs' log) are in its folder under
build/test/logs and stay there after the run.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pexpect

from console import SLOWNESS, Console, connect
from qmp import Qmp

SVM = "EPYC-Milan,+svm,+npt"
NO_VIRTUALISATION = "qemu64,-svm"
VMX = "corei7_haswell_4770"
VMX_WITHOUT_EPT = "core2_penryn_t9600"
BOCHS_SVM = "ryzen"
PR_SET_PDEATHSIG = 1
LINE_ROOM = 64 << 10  # bytes that an emulator may be ahead of a test
NOISE = ("qemu-system-x86_64: warning: TCG doesn't support", "ALSA lib",
         "00000000000i[      ] lt_dlhandle")  # of the emulators, harmless

RUNS = "still runs"

running = []  # the machines that have not been closed, for the report of a failure


@dataclass
class Options:
    """What a machine is made of; the rest is up to its kind."""
    image: Path = None
    cpu: str = SVM
    smp: int = 1
    memory: int = 1024         # MiB
    iommu: str = "none"        # none | intel | amd                               (QEMU)
    firmware: str = "bios"     # bios | ovmf                                      (QEMU)
    parallel: bool = True      # its CPUs run at the same time, not in turn       (QEMU)
    icount: bool = False       # one virtual nanosecond an instruction            (QEMU)
    medium: str = "cd"         # cd | disk | usb: what the image is on            (QEMU)
    serial: int = 1            # which COM port the line is on; 0: no UART at all (QEMU)
    narrow_line: bool = False  # it is held while a test doesn't read             (QEMU)
    vga: bool = False          # a display adapter, for screenshots               (QEMU)
    reboots: bool = False      # a reset starts the machine again instead of ending it
    nics: list = field(default_factory=list)    # of Nic
    kernel: Path = None        # a Linux straight on the machine, without an image (QEMU)
    initrd: Path = None
    cmdline: str = ""
    tables: list = field(default_factory=list)  # files of further ACPI tables    (QEMU)
    extra: list = field(default_factory=list)   # further arguments               (QEMU)


class User:
    """The emulator's own user network: a router at 10.0.2.2, which is also this computer's loopback,
    DHCP from 10.0.2.15 on, and a DNS relay. forward: {port here: port of 10.0.2.15}, of TCP."""

    def __init__(self, forward=None):
        self.forward = forward or {}

    def qemu(self):
        return ["user"] + [f"hostfwd=tcp:127.0.0.1:{here}-10.0.2.15:{there}"
                           for here, there in self.forward.items()]

    def bochs(self, folder, number):
        script = folder / f"slirp{number}.conf"
        script.write_text("# slirp config\n" + "".join(
            f"hostfwd = tcp:127.0.0.1:{here}-10.0.2.15:{there}\n"
            for here, there in self.forward.items()))
        return f'ethmod=slirp, script="{script}"'


class Wire:
    """A cable to a UDP port of this computer: each frame is a datagram. network.Segment has the other
    end; Bochs wants it at the port behind its own."""

    def __init__(self, port):
        self.port = port

    def qemu(self):
        return ["dgram", "local.type=inet", "local.host=127.0.0.1", f"local.port={self.port}",
                "remote.type=inet", "remote.host=127.0.0.1", f"remote.port={self.port + 1}"]

    def bochs(self, folder, number):
        return f"ethmod=socket, ethdev={self.port}"


@dataclass
class Nic:
    """Of the machine: in PCI order as they are listed. Bochs' is always an 82540EM."""
    net: object                # User or Wire
    model: str = "e1000e"      # e1000e | e1000-82545em | e1000                    (QEMU)
    mac: str = ""              # 52:54:00:12:34:NN by default
    capture: bool = False      # nicN.pcap in the machine's folder                 (QEMU)

    def address(self, number):
        return self.mac or f"52:54:00:12:34:{0x56 + number:02x}"


class Machine:
    """A running machine. close() ends it whatever state it is in."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.sockets = Path(tempfile.mkdtemp(prefix="ashlar-"))
        self.console = None
        self.process = None
        self.witness = None  # whoever drives it and can say what it does: () -> pairs
        folder.mkdir(parents=True, exist_ok=True)
        running.append(self)

    def _start(self, argv, inherits=()):
        self.argv = [str(word) for word in argv]
        with open(self.folder / "emulator.out", "wb") as out:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                pass_fds=inherits, start_new_session=True, preexec_fn=_die_with_parent)

    def alive(self):
        return self.process.poll() is None

    def _connect(self, address):
        return connect(address, self.alive)

    def wait_end(self, timeout=30):
        """Waits until the emulator has ended by itself; answers its exit status."""
        return self.process.wait(timeout * SLOWNESS)

    def close(self):
        if self in running:
            running.remove(self)
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.console:
            self.console.close()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def serial_text(self):
        if self.console and not self.console.log.closed:
            self.console.log.flush()
        return _read(self.folder / "serial.log")

    def how_it_ended(self):
        try:
            return f"ended with status {self.process.wait(1)}"
        except subprocess.TimeoutExpired:
            return f"{RUNS}, after {self._cpu_time():.0f} s of CPU time"

    def _cpu_time(self):
        """Of the emulator, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reports(self):
        """(title, text) of all that tells a person what happened."""
        ended = self.how_it_ended() if self.process else "not started"
        return [("command", " ".join(self.argv) if self.process else "not started"),
                ("emulator", ended),
                ("serial log", self.serial_text()),
                ("emulator's output", "\n".join(
                    line for line in _read(self.folder / "emulator.out").splitlines()
                    if not line.startswith(NOISE)))] + self._witnessed(ended)

    def _witnessed(self, ended):
        try:
            return list(self.witness()) if self.witness and ended.startswith(RUNS) else []
        except (OSError, pexpect.ExceptionPexpect) as error:
            return [("no answer", str(error))]

    # What tests mostly do with a machine is done on its console.
    def expect(self, pattern, timeout=30):
        return self.console.expect(pattern, timeout)

    def expect_prompt(self, timeout=60):
        return self.console.expect_prompt(timeout)

    def command(self, line, timeout=30):
        return self.console.command(line, timeout)

    def commands(self, lines, timeout=30):
        return self.console.commands(lines, timeout)

    def command_json(self, line, timeout=30):
        return self.console.command_json(line, timeout)


class Qemu(Machine):
    def __init__(self, options, folder):
        super().__init__(options, folder)
        control = str(self.sockets / "qmp")
        self.qmp = None
        near, far = socket.socketpair() if options.narrow_line else _line()
        with far:
            self._start(self._arguments(far.fileno(), control), [far.fileno()])
        if options.serial:
            self.console = Console(near, folder / "serial.log")
        else:
            near.close()
        self.qmp = Qmp(self._connect(control), 20 * SLOWNESS)
        self.qmp.command("cont")

    def _arguments(self, line, control):
        o = self.options
        threads = "multi" if o.parallel and not o.icount else "single"
        argv = ["qemu-system-x86_64", "-M", "q35", "-accel", f"tcg,thread={threads}", "-cpu", o.cpu,
                "-smp", o.smp, "-m", o.memory, "-nodefaults", "-no-user-config",
                "-display", "none", "-S",
                "-chardev", f"socket,id=control,path={control},server=on,wait=off",
                "-mon", "chardev=control,mode=control"]
        argv += {"none": [],
                 "intel": ["-device", "intel-iommu,intremap=on,caching-mode=off,aw-bits=48,"
                                      "device-iotlb=on"],
                 "amd": ["-device", "amd-iommu,intremap=on"]}[o.iommu]
        if o.kernel:
            argv += ["-kernel", o.kernel, "-initrd", o.initrd, "-append", o.cmdline]
        else:
            argv += {"cd": ["-cdrom", o.image],
                     "disk": [*_drive(o.image), "-device", "ide-hd,drive=boot"],
                     "usb": [*_drive(o.image), "-device", "qemu-xhci",
                             "-device", "usb-storage,drive=boot"]}[o.medium]
        for number, nic in enumerate(o.nics):
            argv += self._nic(number, nic)
        if o.firmware == "ovmf":
            argv += ["-bios", "/usr/share/ovmf/OVMF.fd"]
        if o.icount:
            argv += ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]
        if o.serial:
            argv += ["-chardev", f"socket,id=line,fd={line}"]
            argv += ["-serial", "null"] * (o.serial - 1) + ["-serial", "chardev:line"]
        if o.vga:
            argv += ["-device", "VGA"]
        if not o.reboots:
            argv += ["-no-reboot"]
        for table in o.tables:
            argv += ["-acpitable", f"file={table}"]
        return argv + o.extra

    def _nic(self, number, nic):
        kind, *options = nic.net.qemu()
        name = f"net{number}"
        # No boot ROM: the firmware would try it before the image.
        argv = ["-netdev", ",".join([f"{kind},id={name}", *options]), "-device",
                f"{nic.model},id=nic{number},netdev={name},mac={nic.address(number)},romfile="]
        if nic.capture:
            argv += ["-object", f"filter-dump,id=dump{number},netdev={name},"
                                f"file={self.folder / f'nic{number}.pcap'}"]
        return argv

    def reports(self):
        return super().reports() + [("its CPUs", self._cpu_states() if self.alive() else "")]

    def _cpu_states(self):
        """Read from outside: also of a machine that no longer answers."""
        try:
            said = [self.qmp.command("human-monitor-command", **{"command-line": line})
                    for line in ("info status", "info registers -a")]
        except (OSError, RuntimeError) as error:
            return str(error)
        return "\n".join(re.findall(r"^(?:VM status|CPU#|RIP|CR3).*", "\n".join(said), re.M))

    def set_link(self, number, up):
        """The cable of a NIC: in or out."""
        self.qmp.command("set_link", name=f"nic{number}", up=up)

    def ended_by(self, timeout=30):
        """Waits for QEMU's end; answers guest-shutdown, guest-reset, ..."""
        self.wait_end(timeout)
        self.qmp.drain()
        return self.qmp.shutdown_reason()

    def how_it_ended(self):
        text = super().how_it_ended()
        if self.qmp and not self.alive():
            self.qmp.drain()
            text += f", because of {self.qmp.shutdown_reason()}"
        return text

    def powered_off(self, timeout=30):
        return self.ended_by(timeout) == "guest-shutdown"

    def screenshot(self):
        """The screen as the bytes of a PPM file."""
        path = self.folder / "screen.ppm"
        self.qmp.command("screendump", filename=str(path))
        return path.read_bytes()

    def registers(self, name):
        """A register's value on each CPU, as the emulator itself has it."""
        state = self.qmp.command("human-monitor-command", **{"command-line": "info registers -a"})
        values = [int(value, 16) for value in re.findall(rf"\b{name}=([0-9a-f]+)", state)]
        assert len(values) == self.options.smp
        return values

    def physical_memory(self, address, size):
        path = self.folder / "memory.bin"
        self.qmp.command("pmemsave", val=address, size=size, filename=str(path))
        return path.read_bytes()

    def close(self):
        if hasattr(self, "qmp"):
            self.qmp.close()
        super().close()


class Bochs(Machine):
    MEMORY_MAX = 2048  # MiB; Bochs 2.7 maps no more

    def __init__(self, options, folder):
        super().__init__(options, folder)
        port = _free_port()
        self.log = folder / "bochs.log"
        rc, debugger = folder / "bochsrc", folder / "debugger"
        rc.write_text(self._configuration(port))
        debugger.write_text("c\nq\n")  # its built-in debugger asks for a command first
        self._start(["bochs", "-q", "-f", rc, "-rc", debugger])
        # Bochs waits for this connection at its start, so no byte is missed.
        self.console = Console(self._connect(("127.0.0.1", port)), folder / "serial.log")

    def _configuration(self, port):
        o = self.options
        assert o.memory <= self.MEMORY_MAX
        # Each of a guest's accesses to its local APIC is worth a line to them.
        quiet = ", ".join(f"cpu{n}=ignore" for n in range(o.smp))
        slots = "".join(f", slot{n + 1}=e1000" for n in range(len(o.nics)))
        nics = "".join(f"e1000: card={n}, enabled=1, mac={nic.address(n)}, "
                       f"{nic.net.bochs(self.folder, n)}\n" for n, nic in enumerate(o.nics))
        return f"""config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model={o.cpu}, count={o.smp}, ips=50000000, reset_on_triple_fault=0, \
 ignore_bad_msrs=0
memory: guest={o.memory}, host={o.memory}
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx{slots}
{nics}ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={o.image}, status=inserted
boot: cdrom
com1: enabled=1, mode=socket-server, dev=127.0.0.1:{port}
log: {self.log}
panic: action=fatal
error: action=report
info: action=report, {quiet}
debug: action=ignore
"""

    def firmware_starts(self):
        return _read(self.log).count("[BIOS  ] $Revision")

    def powered_off(self, timeout=30):
        """Whether ACPI did it. Bochs' exit status says nothing: now and then it crashes at its
        end."""
        self.wait_end(timeout)
        return "soft power off" in _read(self.log)

    def reports(self):
        return super().reports() + [("Bochs' log", _read(self.log))]


def _line():
    """Two ends of a serial line, of which QEMU gets the second. It writes a byte at a time, of which
    a Unix socket takes 278: then a test that is late by milliseconds holds the line. TCP joins
    them."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE_ROOM)
    return near, far


def _drive(path):
    """What is written to it is forgotten."""
    return ["-drive", f"if=none,id=boot,format=raw,snapshot=on,file={path}"]


def _die_with_parent():
    """In the emulator's process: it doesn't outlive a test run that is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _read(path):
    return path.read_text(errors="backslashreplace") if path.exists() else ""
