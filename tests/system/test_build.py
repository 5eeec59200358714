# SPDX-License-Identifier: MIT
"""The build itself: the same bytes everywhere, only what has to be built, both compilers."""

import os
import subprocess

import pytest

import image

JOBS = f"-j{os.cpu_count()}"
# The build that they share has a limit of its own, and is no part of theirs.
pytestmark = [pytest.mark.xdist_group("build"), pytest.mark.timeout(300, func_only=True)]


def copy_tree(folder):
    """The source tree as a clone would have it, with what is not committed yet."""
    folder.mkdir(parents=True)
    files = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "-co",
                            "--exclude-standard"],
                           cwd=image.ROOT, check=True, capture_output=True).stdout
    there = b"\0".join(name for name in files.split(b"\0") if name and
                       os.path.exists(os.path.join(os.fsencode(image.ROOT), name)))
    archive = subprocess.run(["tar", "--null", "-T", "-", "-c"], cwd=image.ROOT, input=there,
                             check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    return folder


def make(folder, *arguments):
    """What make printed; it must succeed, and without a warning."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(["make", JOBS, *arguments], cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=280, env=environment)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert "warning" not in done.stderr, said[-4000:]
    return said


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = copy_tree(tmp_path_factory.mktemp("a-folder-with-another-name") / "ashlar")
    make(folder)
    return folder


def test_two_folders_give_identical_bytes(built):
    """That one, and the one whose tests these are."""
    assert (built / "build/ashlar.elf").read_bytes() == image.KERNEL.read_bytes()


def test_no_debug_sections_in_the_image(built):
    sections = subprocess.run(["readelf", "-SW", built / "build/ashlar.elf"], check=True,
                              capture_output=True, text=True).stdout
    assert ".debug" not in sections and ".symtab" not in sections
    debug = subprocess.run(["readelf", "-SW", built / "build/ashlar.debug"], check=True,
                           capture_output=True, text=True).stdout
    assert ".debug_info" in debug


def objects(folder):
    """{object: time of its making}"""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns
            for path in (folder / "build/obj").rglob("*.o")}


def test_nothing_is_built_twice(built):
    before = objects(built)
    make(built)
    assert objects(built) == before


def dependents(folder, header):
    """The objects whose dependency files name a header."""
    return {str(path.relative_to(folder).with_suffix(".o"))
            for path in (folder / "build/obj").rglob("*.d") if f" {header}" in path.read_text()}


def test_a_changed_header_rebuilds_what_includes_it(built):
    make(built)
    before, expected = objects(built), dependents(built, "lib/log.h")
    (built / "lib/log.h").touch()
    make(built)
    rebuilt = {name for name, time in objects(built).items() if time != before[name]}
    compiled = {name for name in rebuilt if "symbols" not in name}
    assert compiled == expected and "build/obj/lib/log.o" in compiled
    assert len(compiled) < len(before)


def test_a_removed_source_leaves_the_image(built):
    def functions():
        return subprocess.run(["nm", built / "build/ashlar.debug"], check=True,
                              capture_output=True, text=True).stdout
    source = built / "lib/passing.c"
    source.write_text("int passing_by(void);\n__attribute__((used, retain))"
                      "\nint\npassing_by(void)\n{\n\treturn 1;\n}\n")
    make(built)
    assert "passing_by" in functions()
    source.unlink()
    make(built)
    assert "passing_by" not in functions()


def test_clang_builds_it_too(built):
    make(built, "CC=clang", "B=build/clang")
    assert (built / "build/clang/ashlar.elf").stat().st_size > 0


def test_help_lists_the_targets(built):
    said = make(built, "help")
    for target in ("run", "test", "check", "bench", "fuzz", "soak", "iso", "clean"):
        assert f"\n{target} " in "\n" + said, target


FAKE_APT = """#!/bin/sh
case " $* " in *" install "*) ;; *) exit 0 ;; esac
mkdir "$APT/busy" || { echo "Could not get lock /var/lib/dpkg/lock-frontend" >&2; exit 100; }
echo "$*" >>"$APT/installed"
sleep 0.5
rmdir "$APT/busy"
"""


def test_packages_are_installed_by_one_at_a_time(tmp_path):
    """As under `make -j` on a fresh machine: apt lets nobody else in while it works."""
    for name, script in (("apt-get", FAKE_APT), ("dpkg-query", "#!/bin/sh\nexit 1\n")):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "APT": str(tmp_path)}
    packages = [f"package-{n}" for n in range(4)]
    running = [subprocess.Popen([image.ROOT / "tools/need", package], env=env) for package in packages]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    installed = (tmp_path / "installed").read_text().splitlines()
    assert sorted(line.split()[-1] for line in installed) == packages
    assert all("DPkg::Lock::Timeout=" in line for line in installed)
