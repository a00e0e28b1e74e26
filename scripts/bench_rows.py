# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench shows of its figures: the table, the same for the documentation, the plot.

Figures are {tree: {tag: {"values": {key: [figure, ...]}}}}, see Run in scripts/bench for the tags.
"""

import os
import statistics
import subprocess

FUNCTIONS = (1, 10, 100, 1000)
PARTS = 20
BESIDE = {
    "k0": "nobody",
    "k1000": "1,000 kthreads",
    "k4000": "4,000 kthreads",
    "k10000": "10,000 kthreads",
    "u1000": "1,000 user threads",
    "u4000": "4,000 user threads",
    "u10000": "10,000 user threads",
}

GROUPS = {
    "times": "enable, disable: 1 to 1,000 functions beside 0 to 10,000 threads",
    "latency": "one function, on an idle machine and on busy ones, 10 times",
    "wake": "worst wake-up delay of a SCHED_FIFO thread meanwhile",
    "calls": "extra instructions of a call, counted exactly",
    "memory": "what a patched function allocates",
    "resolve": "finding a thousand symbols, their sizes, and applying relocations",
    "loading": "loading an unrelated module while a transition waits",
}


class Row:
    """One line of the table: what it shows of which run, and what it must and should reach."""

    def __init__(self, group, title, unit, value, ratio=None, limit=None, aim=None, aim_limit=None):
        self.group = group
        self.title = title
        self.unit = unit
        self.value = value      # function: figures of one tree -> list of them, or None
        self.ratio = ratio      # ours must be at most stock / ratio
        self.limit = limit      # ours must be at most this
        self.aim = aim          # what to strive for, of the same kind
        self.aim_limit = aim_limit      # or ours at most this


class Head:
    """A line between groups."""

    def __init__(self, group, title):
        self.group = group
        self.title = title


# Which figures.

def key(tag, name):
    def value(results):
        return results.get(tag, {}).get("values", {}).get(name)
    return value


def worst(tag, name):
    def value(results):
        values = key(tag, name)(results)
        return values and [max(values)]
    return value


def difference(first, second):
    """Of medians, so without a spread."""
    def value(results):
        one, other = first(results), second(results)
        return one and other and [statistics.median(one) - statistics.median(other)]
    return value


def pairwise(tag, first, second):
    def value(results):
        one, other = key(tag, first)(results), key(tag, second)(results)
        return one and other and [a - b for a, b in zip(one, other)]
    return value


def slope(name):
    """Microseconds per function; one figure per run of 1,000."""
    def value(results):
        one, many = key("n1.k0", name)(results), key("n1000.k0", name)(results)
        return one and many and [(m - statistics.median(one)) / 999 * 1000 for m in many]
    return value


def wake(tag):
    """The worst of one run of enabling and, if it was, disabling."""
    def value(results):
        on, off = key(tag, "wake_enable")(results), key(tag, "wake_disable")(results)
        return on and off and [max(pair) for pair in zip(on, off)]
    return value


def extra(name):
    def value(results):
        base, calls = key("calls", "unpatched")(results), key("calls", name)(results)
        return base and calls and [call - statistics.median(base) for call in calls]
    return value


def rows_times():
    must = {("enable", "k0"): (20, 30), ("enable", "k4000"): (50, 75), ("disable", "k0"): (200, 500)}
    shown = [("enable", beside) for beside in BESIDE] + [("disable", "k0"), ("disable", "k4000")]
    yield Head("times", "1,000 functions, from the request until the transition is over (enable), "
               "until the module can go (disable)")
    for what, beside in shown:
        ratio, aim = must.get((what, beside), (None, None))
        words = "" if beside == "k0" else f", {BESIDE[beside]}"
        yield Row("times", f"{what}{words}", "ms", key(f"n1000.{beside}", what), ratio=ratio, aim=aim)
    for what in ("enable", "disable"):
        yield Row("times", f"{what}, in {PARTS} modules", "ms", key(f"n1000.k0.m{PARTS}", what))
    yield Row("times", "enable, insmod included", "ms", key("n1000.k0", "insmod"))
    for what in ("enable", "disable"):
        yield Row("times", f"each further function, {what}", "us", slope(what), limit=150, aim=80)
    yield Row("times", "later: calls have become jumps", "ms", key("n1000.k0", "settle"))
    for beside in ("k0", "k4000", "k10000"):
        yield Row("times", f"mutex held at once, {BESIDE[beside]}: worst", "ms",
                  worst(f"n1000.{beside}", "hold"))


def rows_latency():
    yield Head("latency", "one function, from the request until the transition is over, 10 times")
    for tag, words in (("idle", "idle machine"), ("user", "every CPU busy in user space"),
                       ("kernel", "kthreads that never sleep"), ("fork", "200 forking processes")):
        idle = tag == "idle"
        for what in ("enable", "disable_transition"):
            name = f"{what.split('_')[0]}, {words}"
            judged = idle and what == "enable"
            yield Row("latency", f"{name}: median", "ms", key(f"latency.{tag}", what),
                      limit=50 if judged else None, aim=20 if judged else None)
            yield Row("latency", f"{name}: worst", "ms", worst(f"latency.{tag}", what),
                      limit=150 if judged else None, aim=50 if judged else None)


def rows_wake():
    yield Head("wake", "worst wake-up delay of a SCHED_FIFO thread while 1,000 functions are patched")
    for beside in ("k1000", "k4000", "k10000"):
        judged = beside != "k10000"
        yield Row("wake", f"{BESIDE[beside]}, counted", "ms", wake(f"count.{beside}"),
                  ratio=50 if judged else None)
    yield Row("wake", "  more at 4,000 than at 1,000", "ms",
              difference(wake("count.k4000"), wake("count.k1000")), limit=5)
    yield Row("wake", "  without a patch", "ms", key("count.k4000", "wake_noise"))
    yield Row("wake", "4,000 kthreads, preempt=full, counted", "ms", wake("full.k4000"), ratio=50,
              aim_limit=10)
    yield Row("wake", "  without a patch", "ms", key("full.k4000", "wake_noise"))
    for beside in ("k1000", "k4000", "k10000"):
        judged = beside != "k10000"
        yield Row("wake", f"{BESIDE[beside]}, 2 CPUs", "ms", wake(f"wake.{beside}"),
                  ratio=50 if judged else None)
        yield Row("wake", "  without a patch", "ms", key(f"wake.{beside}", "wake_noise"))


def rows_calls(config):
    # With IBT there is one more at the new function's entry, and its own nop is another.
    aim = 1 if config == "small" else 2
    yield Head("calls", "instructions of a call more than of an unpatched one, counted")
    yield Row("calls", "settled, 1 function patched", "insns", extra("settled"), limit=2, aim=aim)
    yield Row("calls", "settled, 1,000 functions", "insns", extra("settled_many"), limit=2, aim=aim)
    yield Row("calls", "settled, a tracer has gone again", "insns", extra("settled_again"), limit=2,
              aim=aim)
    yield Row("calls", "in transition, new side", "insns", extra("new_side"), ratio=1)
    yield Row("calls", "in transition, old side", "insns", extra("old_side"), ratio=1)
    yield Row("calls", "settled, function tracer on it", "insns", extra("settled_traced"), ratio=1)
    yield Row("calls", "  unpatched, function tracer on it", "insns", extra("unpatched_traced"))


def rows_rest():
    yield Head("memory", "1,000 functions, settled")
    yield Row("memory", "memory per function", "bytes", key("n1000.k0", "memory"), ratio=4)
    yield Head("resolve", "1,000 functions or references, counted")
    yield Row("resolve", "functions of a module", "ms", key("resolve", "module"), ratio=20)
    yield Row("resolve", "functions of the kernel", "ms", key("resolve", "vmlinux"))
    yield Row("resolve", "relocations to a module", "ms", key("resolve", "relocs_module"))
    yield Row("resolve", "relocations to the kernel", "ms", key("resolve", "relocs_vmlinux"))
    yield Head("loading", "insmod of another module: the worst, more than the worst with nothing "
               "going on")
    yield Row("loading", "while 4,000 kthreads keep 100 functions waiting", "ms",
              pairwise("loading", "load_waiting", "load_free"), limit=10)
    yield Row("loading", "  mutex held at once: worst", "ms", worst("loading", "hold"))
    yield Row("loading", "while 100 functions are enabled beside them", "ms",
              pairwise("loading", "load_enabling", "load_free"))


def rows_of(config):
    return [*rows_times(), *rows_latency(), *rows_wake(), *rows_calls(config), *rows_rest()]


# How they read.

def number(value, unit):
    value = round(value, 3) + 0.0
    if unit in ("insns", "bytes") or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if abs(value) >= 10 else 2}f}"


def figure(values, unit):
    return f"{number(statistics.median(values), unit)} {unit}" if values else "-"


def spread(values):
    """Distance between the extremes, in parts of the median."""
    if not values or len(values) < 2 or not statistics.median(values):
        return "-"
    return f"{(max(values) - min(values)) / abs(statistics.median(values)) * 100:.0f}%"


def ratio_of(stock, ours):
    if stock and ours and statistics.median(ours) > 0 and statistics.median(stock) > 0:
        return statistics.median(stock) / statistics.median(ours)
    return None


def ratio_words(ratio):
    """1/20 is faster, or less, twenty times; 2x is slower."""
    if not ratio:
        return ""
    if ratio < 0.95:
        return f"{1 / ratio:.1f}x"
    return f"1/{ratio:,.{0 if ratio >= 10 else 1}f}"


def within(value, goal, unit):
    # Loops add parts of an instruction to what is counted.
    return round(value) <= round(goal) if unit == "insns" else value <= goal


def reached(row, ratio, limit, stock, ours):
    """None where it cannot be told."""
    if not ours or ratio is None and limit is None or limit is None and not stock:
        return None
    goal = limit if limit is not None else statistics.median(stock) / ratio
    return within(statistics.median(ours), goal, row.unit)


def aim_of(row):
    """(ratio, limit), one of them None."""
    if row.limit is not None:
        return None, row.aim
    return row.aim, row.aim_limit


def verdict(row, stock, ours):
    must = reached(row, row.ratio, row.limit, stock, ours)
    if must is None:
        return ""
    if not must:
        return "MISS"
    return "PASS, aim" if reached(row, *aim_of(row), stock, ours) else "PASS"


def goal_words(row, ratio, limit):
    if limit is not None:
        return f"{limit} {row.unit}"
    if ratio is None:
        return ""
    return f"1/{ratio}" if ratio != 1 else "stock's"


def evaluate(rows, results):
    """Rows as plain dictionaries, without those that nobody has figures for."""
    out = []
    for row in rows:
        if isinstance(row, Head):
            out.append({"group": row.group, "head": row.title})
            continue
        stock, ours = row.value(results["stock"]), row.value(results["ours"])
        if not stock and not ours:
            continue
        ratio = ratio_of(stock, ours)
        out.append({
            "group": row.group, "row": row.title, "unit": row.unit,
            "stock": stock or [], "ours": ours or [], "ratio": ratio,
            "must": goal_words(row, row.ratio, row.limit), "aim": goal_words(row, *aim_of(row)),
            "verdict": verdict(row, stock, ours),
            "cells": [figure(stock, row.unit), figure(ours, row.unit),
                      ratio_words(ratio),
                      f"{spread(stock)} / {spread(ours)}"],
        })
    # Headings with nothing below.
    return [row for i, row in enumerate(out)
            if "head" not in row or (i + 1 < len(out) and "head" not in out[i + 1])]


def table(rows, old):
    """The lines of the table; `old` marks stock's figures as those of an earlier run."""
    head = ("", "stock", "ours", "ratio", "spread stock/ours", "must", "aim", "")
    mark = "*" if old else ""
    lines = [head]
    for row in rows:
        if "head" in row:
            lines.append(row["head"])
            continue
        stock, *others = row["cells"]
        lines.append(("  " + row["row"], stock + (mark if stock != "-" else ""), *others, row["must"],
                      row["aim"], row["verdict"]))
    cells = [line for line in lines if not isinstance(line, str)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    for line in lines:
        if isinstance(line, str):
            yield f"\n{line}"
            continue
        yield "  ".join([line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in range(1, 7)),
                         line[7]]).rstrip()


def matrix_cells(results, what, beside, parts):
    """Medians, `stock / ours`, by number of functions."""
    suffix = f".m{parts}" if parts else ""
    for n in FUNCTIONS:
        pair = [key(f"n{n}.{beside}{suffix}", what)(results[tree]) for tree in ("stock", "ours")]
        if any(pair):
            yield " / ".join(number(statistics.median(p), "ms") if p else "-" for p in pair)
        else:
            yield ""


def matrix_rows(results, what):
    """(words, cells) by what goes on beside, in one module and in several."""
    for parts in (0, PARTS):
        for beside, words in BESIDE.items():
            cells = list(matrix_cells(results, what, beside, parts))
            if any(cells):
                yield words + (f", {parts} modules" if parts else ""), cells


def matrix(results):
    """The lines of a table per request: functions across, threads down."""
    for what in ("enable", "disable"):
        lines = list(matrix_rows(results, what))
        if not lines:
            continue
        head = [f"{n:,} fn" for n in FUNCTIONS]
        widths = [max(len(cells[i]) for _, cells in [*lines, ("", head)]) for i in range(len(head))]
        left = max(len(words) for words, _ in lines) + 2
        yield f"\n{what}, ms, stock / ours; beside it sleep"
        for words, cells in [("", head), *lines]:
            yield ("  " + words).ljust(left + 2) + "  ".join(
                cell.rjust(width) for cell, width in zip(cells, widths))


# The documentation.

def rst_table(head, lines, widths):
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield f"   :widths: {widths}"
    yield ""
    for line in [head, *lines]:
        for i, cell in enumerate(line):
            # A cell that begins with a dash would be a list.
            cell = "\\" + cell if cell.startswith("-") else cell
            yield f"   {'* -' if not i else '  -'} {cell}".rstrip()
    yield ""


def rst_rows(rows):
    """A table per heading."""
    lines = []
    for row in [*rows, {"head": None}]:
        if "head" not in row:
            lines.append((row["row"].strip(), *row["cells"], row["must"], row["aim"], row["verdict"]))
            continue
        if lines:
            yield from rst_table(("", "stock", "ours", "ratio", "spread", "must", "aim", ""), lines,
                                 "32 12 11 10 12 8 7 8")
            lines = []
        if row["head"]:
            yield from (row["head"][0].upper() + row["head"][1:] + ":", "")


def rst_config(config, data):
    """The section of one configuration."""
    title = f"Configuration {config}"
    yield from (title, "-" * len(title), "")
    yield (f"{data['host']['qemu']}, {data['host']['cpus']} CPUs, load {data['load'][0]} before and "
           f"{data['load'][-1]} after, {data['when'][:10]}.")
    yield ""
    yield from rst_rows(data["rows"])
    for what in ("enable", "disable"):
        lines = [(words, *cells) for words, cells in matrix_rows(data["runs"], what)]
        if lines:
            yield f"Time to {what}, in milliseconds, stock / ours; asleep beside it are:"
            yield ""
            yield from rst_table(("", *(f"{n:,} functions" for n in FUNCTIONS)), lines,
                                 "32 17 17 17 17")


def rst(configs):
    yield ".. SPDX-License-Identifier: GPL-2.0"
    yield ".. Made by scripts/bench --rst from what a run left in build/; do not edit."
    yield ""
    for config, data in configs.items():
        yield from rst_config(config, data)


# The plot.

def plot_data(results, name, points, directory):
    """A file with x, stock, ours; "?" is what gnuplot leaves out."""
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        for x, tag, what in points:
            values = [key(tag, what)(results[tree]) for tree in ("stock", "ours")]
            if any(values):
                cells = " ".join(f"{statistics.median(v):.4f}" if v else "?" for v in values)
                file.write(f"{x} {cells}\n")
    return path


def plot(config, results, directory, svg):
    """Time against functions and against threads.  Returns whether there is a plot now."""
    for what in ("enable", "disable"):
        for parts in (0, PARTS):
            suffix = f".m{parts}" if parts else ""
            plot_data(results, f"{what}-functions{suffix}.dat",
                      [(n, f"n{n}.k0{suffix}", what) for n in FUNCTIONS], directory)
        for kind in "ku":
            for n in (1, 1000):
                points = [(t, f"n{n}.{kind}{t}" if t else f"n{n}.k0", what)
                          for t in (0, 1000, 4000, 10000)]
                plot_data(results, f"{what}-threads-{kind}{n}.dat", points, directory)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bench.gnuplot")
    command = ["gnuplot", "-e", f"config='{config}'", "-e", f"svg='{svg}'", script]
    try:
        # It warns of lines without a point, as there are after a run of a part.
        return not subprocess.run(command, cwd=directory, stderr=subprocess.DEVNULL,
                                  check=False).returncode
    except FileNotFoundError:
        return False
