# SPDX-License-Identifier: MIT
"""What each command may answer of a VM, and what state it may be in then.

A VM is known by the set of states that it may be in: one that is being reset, or that ends when it
likes, may be in several.
"""

import re

ALIVE = {"running", "paused"}


def not_running(state):
    """When it begins anew it may be running by the time that the answer is written."""
    return "error: {name} is not running, it is " + (
        "(stopping|running|stopped)" if state == "stopping" else state)


def start(state):
    if state == "stopped":
        return "", {"running"}
    words = "(stopping|running|stopped)" if state == "stopping" else state
    return "error: {name} is already " + words, {state}


def stop(state):
    if state == "stopped":
        return not_running(state), {state}
    return "", {"stopped"}


def pause(state):
    if state == "running":
        return "", {"paused"}
    return not_running(state), {state}


def resume(state):
    if state == "paused":
        return "", {"running"}
    if state == "running":
        return "error: {name} is not paused, it is (running|stopping|stopped)", {state}
    return not_running(state), {state}


def reset(state):
    if state in ALIVE:
        return "", {"stopping"}
    return not_running(state), {state}


def press(state):
    """The button, of a guest that does not look at it."""
    if state in ALIVE:
        return "", {state}
    return not_running(state), {state}


def ask_to_stop(state):
    if state == "running":
        return "error: {name} still runs .* vm stop {name} --force ends it at once", {state}
    if state == "paused":
        return "error: {name} is paused and sees no power button.*", {state}
    return not_running(state), {state}


COMMANDS = {
    "vm start {name}": start,
    "vm stop {name} --force": stop,
    "vm stop {name}": ask_to_stop,
    "vm send {name} power": press,
    "vm pause {name}": pause,
    "vm resume {name}": resume,
    "vm reset {name}": reset,
}


class Model:
    """by_itself: the states that it may go to from running, whenever it likes."""

    def __init__(self, name, by_itself=()):
        self.name, self.by_itself = name, set(by_itself)
        self.states = {"stopped"}

    def _moves(self):
        """Where it may have gone meanwhile. It may also end while a pause is on its way."""
        if self.states & ALIVE:
            self.states |= self.by_itself
        if "stopping" in self.states:
            self.states |= {"running"} | self.by_itself

    def answered(self, command, said):
        """False when it may not have said that."""
        self._moves()
        matching = [after for words, after in map(COMMANDS[command], self.states)
                    if re.fullmatch(words.format(name=self.name), said)]
        if self.by_itself and command == "vm stop {name}" and said == "":
            matching.append({"stopped", "running", "stopping"})
        if not matching:
            return False
        self.states = set().union(*matching)
        return True

    def seen(self, state):
        """The same for its state in a list."""
        self._moves()
        if state not in self.states:
            return False
        self.states = {state}
        return True
