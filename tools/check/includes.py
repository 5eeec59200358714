# SPDX-License-Identifier: MIT
"""The include graph: layers, cycles, and the purity of device models. Each check gives a list of
complaints, empty when all is well."""

from tree import IMPURE, PURE, layer_of


def unresolved(tree, graph):
    known = set(tree.files)
    return [f"{path}: includes {target}, which is not in the tree (paths are from its root)"
            for path, targets in graph.items() for target in targets if target not in known]


def upward(graph):
    complaints = []
    for path, targets in graph.items():
        for target in targets:
            above = layer_of(target)
            if above is not None and above > layer_of(path):
                complaints.append(f"{path}: includes {target} of a layer above its own")
    return complaints


def cycles(graph):
    """Every cycle that a depth-first walk meets, once each."""
    complaints, state, trail = [], {}, []

    def visit(path):
        state[path] = "open"
        trail.append(path)
        for target in graph.get(path, ()):
            if state.get(target) == "open":
                complaints.append("cycle: " + " -> ".join(trail[trail.index(target):] + [target]))
            elif target not in state:
                visit(target)
        trail.pop()
        state[path] = "done"

    for path in graph:
        if path not in state:
            visit(path)
    return complaints


def chain_to_impure(graph, start):
    """The shortest chain of includes from a model to what it must not see, or None."""
    queue, seen = [[start]], {start}
    while queue:
        chain = queue.pop(0)
        for target in graph.get(chain[-1], ()):
            if target.startswith(IMPURE):
                return chain + [target]
            if target not in seen:
                seen.add(target)
                queue.append(chain + [target])
    return None


def impure_models(graph):
    complaints = []
    for path in graph:
        chain = chain_to_impure(graph, path) if path.startswith(PURE) else None
        if chain:
            complaints.append("a device model sees the machine: " + " -> ".join(chain))
    return complaints


def check(tree):
    graph = tree.includes()
    return unresolved(tree, graph) + upward(graph) + cycles(graph) + impure_models(graph)
