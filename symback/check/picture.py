"""A picture of a layer's errors. Needs matplotlib, which symback does not require."""

from __future__ import annotations

import io
import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from symback.check.accuracy import AccuracyReport


def drawn(report: AccuracyReport, title: str, form: str) -> bytes:
    """A picture of the error in ULP over the input, a panel per dtype, in a format such as `png`.

    Raises:
        ValueError: there is no such format.
    """
    dtypes = list(dict.fromkeys(r.dtype for r in report.rows))
    several = len({r.mode for r in report.rows}) > 1
    figure = Figure(figsize=(10, 4 * max(len(dtypes), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    for k, dtype in enumerate(dtypes):
        axes = figure.add_subplot(len(dtypes), 1, k + 1)
        for row in (r for r in report.rows if r.dtype == dtype):
            good = [s for s in row.samples if math.isfinite(s.ulp)]
            label = f"{row.mode}: {row.what}" if several else row.what
            axes.plot([s.size for s in good], [max(s.ulp, 0.05) for s in good], ".", markersize=4, label=label)
        axes.set(xscale="symlog", yscale="log", xlabel="input", ylabel="error in ulp", title=f"{title}, {dtype}")
        axes.axhline(16, linewidth=0.8, color="grey")
        axes.legend(fontsize="small")
    out = io.BytesIO()
    figure.savefig(out, format=form)
    return out.getvalue()
