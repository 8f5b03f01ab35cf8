"""What a check found, as a table and as JSON."""

from __future__ import annotations

import json
import math

from symback.check.accuracy import AccuracyReport, AccuracyRow, State
from symback.check.gradients import GradientReport, Row
from symback.core.program import LEADING
from symback.report.terminal import table


def gradient_table(report: GradientReport, colour: bool = False) -> str:
    """A row per output, gradient and adjoint identity: the worst element, its place, what came out and what should."""
    several = len({r.mode for r in report.rows}) > 1
    head = (["mode"] if several else []) + ["", "what", "compared with", "elements", "worst error", "at", "computed", "expected"]
    rows = [([r.mode] if several else []) + _gradient_cells(r) for r in report.rows]
    sizes = ", ".join(f"{'leading' if n == LEADING else n} = {v}" for n, v in report.sizes.items())
    return table(head, rows, colour) + (f"sizes: {sizes}\n" if sizes else "")


def _gradient_cells(row: Row) -> list[str]:
    if row.note:
        return ["WRONG", row.what, row.method.value, "", "", "", row.note, ""]
    shown = str(row.compared) if row.compared == row.elements else f"{row.compared} of {row.elements}"
    shown += f", {row.kinks} at a kink" if row.kinks else ""
    place = f"[{', '.join(map(str, row.place))}]" if row.place else ""
    return [
        "ok" if row.right else "WRONG",
        row.what,
        row.method.value,
        shown,
        f"{row.error:.1e}",
        place,
        f"{row.computed:.9g}",
        f"{row.expected:.9g}",
    ]


def gradient_json(report: GradientReport) -> str:
    """The same as JSON."""
    rows = [
        {
            "mode": r.mode,
            "what": r.what,
            "method": r.method.value,
            "right": r.right,
            "error": number(r.error),
            "place": list(r.place),
            "computed": number(r.computed),
            "expected": number(r.expected),
            "compared": r.compared,
            "elements": r.elements,
            "kinks": r.kinks,
            "note": r.note,
        }
        for r in report.rows
    ]
    return json.dumps({"right": report.right, "sizes": dict(report.sizes), "rows": rows}, indent=2) + "\n"


def number(value: float) -> float | str:
    """A float as JSON can hold it: NaN and the infinities by name."""
    return value if math.isfinite(value) else str(value)


def accuracy_table(report: AccuracyReport, colour: bool = False) -> str:
    """A row per output and gradient in each dtype: how many results, the worst and where; then why, for what is bad."""
    several = len({r.mode for r in report.rows}) > 1
    head = (["mode"] if several else []) + ["dtype", "what", "results", "NaN or inf", "no digit", "within 16 ulp", "worst ulp", "at"]
    rows = []
    notes = []
    for r in report.rows:
        worst = r.worst
        cells = [r.dtype, r.what, str(len(r.samples)), str(r.count(State.NONFINITE)), str(r.count(State.LOST)), f"{100 * r.within:.2f} %"]
        cells += [f"{worst.ulp:.3g}", _where(r)] if worst else ["", "nothing to judge"]
        rows.append(([r.mode] if several else []) + cells)
        if r.why:
            notes.append(f"{r.dtype} {r.what}: {r.why} ({_where(r)}; computed {worst.computed:.9g}, true {worst.true:.9g})")
    return table(head, rows, colour) + "".join(f"{n}\n" for n in notes) + f"{report.points} points, a NumPy warning at {report.warned}\n"


def _where(row: AccuracyRow) -> str:
    place = f" [{', '.join(map(str, row.worst.place))}]" if row.worst.place else ""
    return row.worst.where + place


def accuracy_json(report: AccuracyReport) -> str:
    """The same as JSON, with the counts of each row."""
    rows = []
    for r in report.rows:
        worst = r.worst
        rows.append(
            {
                "mode": r.mode,
                "dtype": r.dtype,
                "what": r.what,
                "results": len(r.samples),
                "nonfinite": r.count(State.NONFINITE),
                "lost": r.count(State.LOST),
                "ill_conditioned": r.count(State.ILL_CONDITIONED),
                "unjudged": r.unjudged,
                "within_16_ulp": r.within,
                "why": r.why,
                "worst": worst
                and {
                    "where": worst.where,
                    "place": list(worst.place),
                    "input": number(worst.size),
                    "computed": number(worst.computed),
                    "true": number(worst.true),
                    "ulp": number(worst.ulp),
                    "normwise_ulp": number(worst.normwise),
                },
            }
        )
    return json.dumps({"clean": report.clean, "points": report.points, "warned": report.warned, "rows": rows}, indent=2) + "\n"
