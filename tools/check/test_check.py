# SPDX-License-Identifier: MIT
"""Small made-up trees: each check is seen to fail, and to be content."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import compile as compilers
import files
import includes
from tree import Tree, layer_of

SPDX = "/* SPDX-License-Identifier: MIT */\n"


@pytest.fixture
def tree(tmp_path):
    """Makes a tree of the files given, {path: text}."""
    def make(texts):
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        for path, text in texts.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Tree(tmp_path)
    return make


def test_manual_pages(tree):
    assert files.manuals(tree({"docs/good.1": ".TH GOOD 1\n.SH NAME\ngood \\- does it\n"})) == []
    said = files.manuals(tree({"docs/bad.1": ".TH BAD 1\n.SH NAME\nbad\n.bad macro\n"}))
    assert len(said) == 1 and "docs/bad.1:4" in said[0]


def test_layers():
    assert layer_of("drivers/e1000/model_tx.c") > layer_of("net/port.h") > layer_of("dev/bus.h")
    assert layer_of("drivers/e1000/nic.c") == layer_of("drivers/pci.c")
    assert layer_of("boot/main.c") == layer_of("shell/shell.c") > layer_of("virtio/ring.c")
    assert layer_of("arch/x86_64/apic.c") > layer_of("lib/log.h") == layer_of("include/types.h")
    assert layer_of("tests/unit/test_log.c") is None


def test_downward_includes_pass(tree):
    made = tree({"mm/frame.h": "", "lib/log.h": "", "tests/t.c": '#include "nowhere.h"\n',
                 "mm/frame.c": '#include "mm/frame.h"\n#include "lib/log.h"\n#include <x.h>\n'})
    assert includes.check(made) == []


def test_upward_include_fails(tree):
    made = tree({"sched/thread.h": "", "mm/frame.c": '#  include "sched/thread.h"\n'})
    assert includes.check(made) == [
        "mm/frame.c: includes sched/thread.h of a layer above its own"]


def test_include_not_from_the_root_fails(tree):
    made = tree({"mm/frame.h": "", "mm/frame.c": '#include "frame.h"\n'})
    assert "includes frame.h, which is not in the tree" in includes.check(made)[0]


def test_cycle_fails(tree):
    made = tree({"mm/a.h": '#include "mm/b.h"\n', "mm/b.h": '#include "lib/c.h"\n'
                 '#include "mm/a.h"\n', "lib/c.h": ""})
    assert includes.check(made) == ["cycle: mm/a.h -> mm/b.h -> mm/a.h"]


@pytest.mark.parametrize("model", ["dev/pit.c", "virtio/ring.c", "net/nat.c",
                                   "drivers/e1000/model_rx.c"])
def test_impure_model_fails(tree, model):
    made = tree({model: '#include "lib/door.h"\n', "lib/door.h": '#include "mm/frame.h"\n',
                 "mm/frame.h": ""})
    assert f"a device model sees the machine: {model} -> lib/door.h -> mm/frame.h" in \
        includes.check(made)


def test_nic_driver_may_see_the_machine(tree):
    made = tree({"drivers/e1000/nic.c": '#include "mm/frame.h"\n', "mm/frame.h": ""})
    assert includes.check(made) == []


def test_header_that_needs_another_fails(tree):
    made = tree({"lib/a.h": "#pragma once\ntypedef int number;\n",
                 "lib/b.h": "#pragma once\nnumber f(void);\n"})
    said = compilers.headers_alone(made, "gcc", ["-I."])
    assert len(said) == 1 and said[0].startswith("lib/b.h: ") and "number" in said[0]


def test_header_without_guard_fails(tree):
    made = tree({"lib/a.h": "struct a { int b; };\n"})
    assert "redefinition" in compilers.headers_alone(made, "gcc", ["-I."])[0]


def test_source_with_a_warning_fails(tree):
    made = tree({"lib/a.c": "int f(void);\nint\nf(void)\n{\n\tint x;\n\treturn 0;\n}\n"})
    assert compilers.sources(made, "gcc", []) == []
    assert "unused" in compilers.sources(made, "gcc", ["-Wall", "-Werror"])[0]


def test_format(tree):
    made = tree({".clang-format": "BasedOnStyle: LLVM\n", "lib/a.c": "int   a;\n",
                 "lib/b.c": "int b;\n", "lib/c.py": "x  = 1"})
    said = compilers.formatted(made)
    assert len(said) == 1 and said[0].startswith("lib/a.c: ")


def test_tidy(tree):
    made = tree({".clang-tidy": "Checks: 'clang-analyzer-*'\nWarningsAsErrors: '*'\n",
                 "lib/a.c": "int f(int x);\nint\nf(int x)\n{\n\treturn x == 0 ? 1 / x : x;\n}\n",
                 "lib/b.c": "int b;\n"})
    said = compilers.tidy(made, ["-I."])
    assert len(said) == 1 and said[0].startswith("lib/a.c: ") and "Division by zero" in said[0]


def test_licence_lines(tree):
    made = tree({"lib/a.c": SPDX, "lib/b.c": "int b;\n", "docs/text.md": "words\n",
                 "tools/run": "#!/bin/sh\n", "tests/corpus/1": "\x00\x01", "boot/e.asm": "nop\n"})
    bare = [said.split(":")[0] for said in files.licence(made)]
    assert bare == ["boot/e.asm", "lib/b.c", "tools/run"]


def test_longest_come_first(tree):
    made = tree({"lib/a.c": "int\nlong_one(void)\n{\n\tint x = 1;\n\n\treturn x;\n}\n"
                            "int\nshort_one(void)\n{\n}\n", "lib/b.c": "int b;\n"})
    assert files.longest_functions(made) == [(6, "lib/a.c:2 long_one()"),
                                             (3, "lib/a.c:9 short_one()")]
    assert files.longest_files(made) == [(11, "lib/a.c"), (1, "lib/b.c")]


def test_program_totals_and_status(tree, tmp_path):
    tree({"lib/b.c": "int b;\n"})
    program = Path(__file__).with_name("check.py")
    done = subprocess.run(["/usr/bin/python3", program, "--root", tmp_path, "--", "-I."],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.endswith("check: 5 passed, 1 failed\n")
