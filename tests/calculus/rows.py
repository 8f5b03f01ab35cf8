"""An example for each rule of the calculus: a layer whose output `before` the rule rewrites to exactly its output `after`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """`inputs` and `where` are lines of a layer; `upstream`: inputs that stand for cotangents."""

    axes: str
    before: str
    after: str
    inputs: tuple[str, ...]
    where: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    upstream: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        sections = {
            "inputs": self.inputs,
            "indices": self.indices,
            "where": self.where,
            "outputs": (f"before{self.axes}: {self.before}", f"after{self.axes}: {self.after}"),
        }
        lines = [line for name, rows in sections.items() if rows for line in (f"{name}:", *(f"  {row}" for row in rows))]
        return "\n".join(["layer: example", *lines]) + "\n"


EXAMPLES = {
    "split-condition": Example(
        "[n]", "Piecewise((x[n]*y[n], x[n] > 0), (0, True))", "x[n]*y[n]*Piecewise((1, x[n] > 0), (0, True))", ("x: [N]", "y: [N]")
    ),
    "apart-from-case": Example(
        "[n, k]",
        "Piecewise((x[k]*log(y[n]), y[n] > 0), (0, True))",
        "x[k]*Piecewise((log(y[n]), y[n] > 0), (0, True))",
        ("x: [K]", "y: [N]"),
    ),
    "transposed": Example(
        "[i]", "Sum(K[j, i]*y[j], j)", "Sum(K[i, j]*y[j], j)", ("x: [N]", "y: [N]"), ("K[i, j]: exp(-(x[i] - x[j])**2)",)
    ),
    "certain-range": Example("[i]", "Piecewise((x[i], 0 <= N - 1 - i), (0, True))", "x[i]", ("x: [N]",)),
    "delta": Example("[n]", "Sum(KroneckerDelta(n, m)*x[m]*y[n], m)", "x[n]*y[n]", ("x: [N]", "y: [N]")),
    "recentre": Example(
        "[a]",
        "Sum(g[u]*x[u + a]*w[a], u)",
        "Sum(g[k - a]*x[k]*w[a], k)",
        ("g: {shape: [U], outside: 0}", "x: {shape: [K], outside: 0}", "w: [A]"),
        indices=("u: U", "k: K"),
        upstream=frozenset({"g"}),
    ),
    "few-cases": Example("[n]", "Sum(Piecewise((x[n, k], Eq(k, 0)), (y[n, k], True)), k)", "x[n, 0] + y[n, 1]", ("x: [N, 2]", "y: [N, 2]")),
    "masked-zero": Example(
        "[i, j]",
        "Piecewise((1, j <= i), (0, True))*exp(Piecewise((x[i, j], j <= i), (-oo, True)))",
        "exp(Piecewise((x[i, j], j <= i), (-oo, True)))",
        ("x: [T, S]",),
    ),
    "own-label": Example(
        "[k, c]",
        "exp(Piecewise((x[k], Eq(t[k], c)), (-oo, True)) - y[c])",
        "Piecewise((1, Eq(t[k], c)), (0, True))*exp(x[k] - y[t[k]])",
        ("x: [K]", "y: [C]", "t: {shape: [K], values: C}"),
    ),
    "pull-out": Example("[n]", "Sum(x[n]*y[m], m)", "x[n]*Sum(y[m], m)", ("x: [N]", "y: [M]")),
    "separate": Example("", "Sum(x[n]*y[m], n, m)", "Sum(x[n], n)*Sum(y[m], m)", ("x: [N]", "y: [M]")),
    "vanishing-sum": Example("", "Sum(x[n] - mu, n)", "0", ("x: [N]",), ("mu: Sum(x[n], n)/N",)),
    "one-place": Example("[n]", "Sum(Piecewise((1, Eq(t[n], k)), (0, True)), k)", "1", ("t: {shape: [N], values: N}",), indices=("k: N",)),
    "collect": Example("[n]", "2*(x[n] - y[n]) - 2*(x[n] - z[n])", "2*z[n] - 2*y[n]", ("x: [N]", "y: [N]", "z: [N]")),
    "outer-difference": Example(
        "[n]", "Sum(g[n, m]*(x[n] - z[m]), m)", "x[n]*Sum(g[n, m], m) - Sum(g[n, m]*z[m], m)", ("g: [N, M]", "x: [N]", "z: [M]")
    ),
    "held": Example(
        "[n]",
        "Piecewise((1, y < x[n]), (0, True))*(2*x[n] + z[n] - Max(x[n], y))",
        "Piecewise((1, y < x[n]), (0, True))*(x[n] + z[n])",
        ("x: [N]", "y: []", "z: [N]"),
    ),
    "symmetric-range": Example(
        "[n]",
        "Piecewise((1, -2 < x[n]), (0, True))*Piecewise((1, x[n] < 2), (0, True))",
        "Piecewise((1, Abs(x[n]) < 2), (0, True))",
        ("x: [N]",),
    ),
    "clip-cases": Example("[n]", "Piecewise((3*x[n], Abs(x[n]) <= 2), (6*sign(x[n]), True))", "3*Min(Max(x[n], -2), 2)", ("x: [N]",)),
    "tie": Example("[n]", "Piecewise((0, x[n] < -x[n]), (1, -x[n] < x[n]), (1/2, True))", "1/2 + sign(x[n])/2", ("x: [N]",)),
    "total-probability": Example("[n]", "Sum(y[n]*exp(x[n, k] - LogSumExp(x[n, j], j)), k)", "y[n]", ("x: [N, K]", "y: [N]")),
    "signed-size": Example("[n]", "sign(x[n])*Min(Abs(x[n]), 2)", "Min(Max(x[n], -2), 2)", ("x: [N]",)),
    "merge-cases": Example(
        "[n]",
        "Piecewise((x[n], z[n] > 0), (0, True)) + Piecewise((y[n], z[n] > 0), (0, True))",
        "Piecewise((x[n] + y[n], z[n] > 0), (0, True))",
        ("x: [N]", "y: [N]", "z: [N]"),
    ),
    "fold-contraction": Example(
        "[i]",
        "Sum(P[i, j]*Sum(g[i, e]*V[j, e], e), j)",
        "Sum(g[i, e]*O[i, e], e)",
        ("P: [I, J]", "V: [J, E]", "g: [I, E]"),
        ("O[i, e]: Sum(P[i, j]*V[j, e], j)",),
    ),
    "fold-value": Example("[n]", "tanh(x[n]*y)", "h[n]", ("x: [N]", "y: []"), ("h[n]: tanh(x[n]*y)",)),
    "common-factor": Example("[n]", "x[n]*y[n] + x[n]*z[n]", "x[n]*(y[n] + z[n])", ("x: [N]", "y: [N]", "z: [N]")),
    "left-out": Example(
        "[i, d]",
        "Sum(a[i, k]*Piecewise((0, Eq(i, k)), (w[k, d], True)), k)",
        "Sum(a[i, k]*w[k, d]*Piecewise((1, Ne(i, k)), (0, True)), k)",
        ("a: [I, I]", "w: [I, D]"),
    ),
    "joint-contraction": Example(
        "[i, p]",
        "Sum(a[i, k]*w[k, p], k) - Sum(b[i, k]*w[k, p], k)",
        "Sum((a[i, k] - b[i, k])*w[k, p], k)",
        ("a: [I, K]", "b: [I, K]", "w: [K, P]"),
    ),
    "shared-by-some": Example("[n]", "x[n]*y[n] + x[n]*z[n] + w[n]", "x[n]*(y[n] + z[n]) + w[n]", ("x: [N]", "y: [N]", "z: [N]", "w: [N]")),
}
