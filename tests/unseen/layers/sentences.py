"""The sentences of the language one by one, each used in a way that is legal and rare."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, these, unit


@layer(
    """
    layer: tanh
    doc: "A layer named like a function; in an expression the function wins. Trailing space, 'quotes', `ticks`, back\\\\slash, ünïcode, ∑, { } and : colons."
    inputs: {x: [N]}
    outputs: {"y[n]": "tanh(x[n]) + 0*x[0]", sum: sum(tanh(x)*x)}
    """,
    {"N": 3},
    {"N": 1},
)
def named_like_a_function(x):
    return torch.tanh(x), (torch.tanh(x) * x).sum()


@layer(
    """
    layer: truth_as_numbers
    doc: Bools of every origin counted as 0 or 1, compared with each other, reduced, and as exponents.
    inputs: {x: [N], m: {shape: [N], dtype: bool}, t: {shape: [N], values: 3}}
    hyperparameters: {on: true, off: false, n: 2}
    where:
      up[n_]: x[n_] > 0
      same[n_]: Eq(up[n_], m[n_])
    indices: {n_: N}
    outputs:
      a[n_]: (x[n_] + 2)**(1 + m[n_]) + on*x[n_] + off*x[n_]**2
      b: Sum(same[n_]*x[n_], n_) + Sum(up[n_] & ~m[n_], n_)*x[0]
      c: Sum(Amax(m[n_], n_)*x[k], k) - Sum(Prod(m[n_], n_)*x[k], k)
      d[n_]: Piecewise((x[n_], m[n_] & on & (t[n_] >= n)), (2*x[n_], off | up[n_]), (-x[n_], True))
      e: Mean(m[n_] + up[n_] + (t[n_] % 2 == 1), n_)*x[N - 1]
    """,
    {"N": 5},
    {"N": 1},
)
def truth_as_numbers(x, m, t):
    up = x > 0
    a = (x + 2) ** (1 + m.to(x.dtype)) + x
    b = ((up == m) * x).sum() + (up & ~m).sum() * x[0]
    c = m.any() * x.sum() - m.all() * x.sum()
    d = torch.where(m & (t >= 2), x, torch.where(up, 2 * x, -x))
    return a, b, c, d, (m.to(x.dtype) + up + (t % 2 == 1)).mean() * x[-1]


@layer(
    """
    layer: exact_numbers
    doc: Thirds, decimals of thirty digits, numbers as YAML has them, powers that are fractions, hyperparameters that are fractions.
    inputs: {x: [N]}
    hyperparameters: {third: 1/3, tiny: 1e-5, big: 1E3, half: .5, neg: -2.5e-1}
    outputs:
      a[n]: 1/3*x[n] - third*x[n] + 0.1*x[n] + 0.30000000000000000000000000001*x[n]
      b[n]: (x[n]**2 + tiny)**third*big**(1/2)
      c[n]: floor(x[n]*7/3) + half*neg + 2**-3*x[n]
      d[n]: (x[n]**2 + 1)**(3/2) - (x[n]**2 + 1)**(-1/4) + 1.5e0*x[n] - 5//2*x[n] - -7//2
    """,
    {"N": 4},
    {"N": 1},
)
def exact_numbers(x, **options):
    a = 0.4 * x
    b = (x**2 + 1e-5) ** (1 / 3) * 1000**0.5
    c = torch.floor(x * 7 / 3).detach() - 0.125 + x / 8
    return a, b, c, (x**2 + 1) ** 1.5 - (x**2 + 1) ** -0.25 + 1.5 * x - 2 * x + 4


@layer(
    """
    layer: absent_and_reused
    doc: "Indices of the left that the right does not have; inner bindings that hide outer ones; limits that use the hidden one."
    inputs: {x: [N, M], w: [M]}
    indices: {n: N, m: M, k: 3}
    outputs:
      a[n, m, k]: x[n, m]
      b[k, n]: Sum(w[m], m)*k
      c[n]: Sum(x[n, m]*Sum(w[m]*Sum(x[n, m], n), (m, 0, m)), m)
      d[m]: Sum(Sum(w[m], (m, m, M - 1)), (n, 0, 1))
      e[m, n]: Sum(x[n, m], n) + Amax(x[n, m], m)
    """,
    {"N": 2, "M": 3},
    {"N": 1, "M": 1},
)
def absent_and_reused(x, w):
    rows, columns = x.shape
    a = x[:, :, None].expand(rows, columns, 3)
    b = (torch.arange(3)[:, None] * w.sum()).expand(3, rows)
    c = (x * (w * x.sum(0)).cumsum(0)).sum(1)
    d = 2 * w.flip(0).cumsum(0).flip(0)
    return a, b, c, d, x.sum(0)[:, None] + x.amax(1)


@layer(
    """
    layer: positions
    doc: Integer positions of all the kinds that brackets may hold.
    inputs: {x: [N], t: {shape: [N], values: N}, u: {shape: [2, N], values: N}}
    hyperparameters: {s: 3, flip: true}
    outputs:
      a[n]: x[(n*s + 1) % N] + x[t[t[n]]] + x[N - 1 - t[n]]
      b[n]: x[u[0, n]]*x[u[1, (n + 1) % N]] + x[Min(n + s, N - 1)]
      c[n]: x[Max(n - 1, 0)] + x[Min(Abs(n - 2), N - 1)] + x[(t[n] + n) % N]
      d[n]: x[n//2] + x[(N - 1)//2] + x[n*(N - 1)//N] + x[Max(t[n], n)]
      e[n]: Piecewise((x[n + 1] - x[n], n < N - 1), (x[0], flip), (0, True))
      f[n]: x[2*(n//2) + Min(n % 2, (N - 1) % 2)]*(n % 2 == 0)
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
)
def positions(x, t, u):
    size = len(x)
    n = torch.arange(size)
    a = x[(3 * n + 1) % size] + x[t[t]] + x[size - 1 - t]
    b = x[u[0]] * x[u[1].roll(-1)] + x[(n + 3).clamp(max=size - 1)]
    c = x[(n - 1).clamp(min=0)] + x[(n - 2).abs().clamp(max=size - 1)] + x[(t + n) % size]
    d = x[n // 2] + x[(size - 1) // 2] + x[n * (size - 1) // size] + x[torch.maximum(t, n)]
    f = torch.where(n % 2 == 0, x[2 * (n // 2) + torch.minimum(n % 2, torch.tensor((size - 1) % 2))], 0)
    return a, b, c, d, torch.cat([x[1:] - x[:-1], x[:1]]), f


@layer(
    """
    layer: ties_and_kinks
    doc: "Ties share, constants win, slopes at kinks are 0, all on numbers that meet them."
    inputs: {x: [N], y: [N]}
    outputs:
      a[n]: Max(x[n], y[n]) + Min(x[n], y[n], 0)
      b: Amax(x[n], n) - 2*Amin(x[n], n)
      c[n]: relu(x[n]) + Abs(y[n]) + Max(x[n], 1) + Min(Max(y[n], -1), 1)
      d: Norm(x[n] - y[n], n)
      e[n]: x[Argmax(x[k], k)]*y[Argmin(x[k], k)]
      f: sqrt(Sum((x[n] - x[n])**2, n) + Sum((y[n]*0)**2, n))
    """,
    {"N": 4},
    {"N": 1},
    x=lambda rng, shape: these([1.0, 0.0, 1.0, -1.0])(rng, shape)[: shape[0]],
    y=lambda rng, shape: these([1.0, 0.0, 1.0, -1.0])(rng, shape)[: shape[0]],
)
def ties_and_kinks(x, y):
    half = (x + y) / 2
    a = half + torch.where(half < 0, half, 0)
    top, low = (x == x.max()).to(x.dtype), (x == x.min()).to(x.dtype)
    b = (x * top).sum() / top.sum() - 2 * (x * low).sum() / low.sum()
    c = torch.where(x > 0, x, 0) + y * torch.sign(y.detach()) + torch.where(x > 1, x, 1) + torch.where(y.abs() < 1, y, y.detach())
    zero = (x * 0).sum() + (y * 0).sum()
    return a, b, c, zero, (x[x.argmax()] * y[x.argmin()]).expand(len(x)), zero


@layer(
    """
    layer: branch_not_taken
    doc: "Branches that are infinite or NaN where they are not taken, as values and as slopes."
    inputs: {x: [N], y: [N]}
    outputs:
      a[n]: Piecewise((log(x[n]), x[n] > 0), (0, True))
      b[n]: Piecewise((sqrt(x[n]), x[n] > 0), (x[n]**2, True))*y[n]
      c[n]: Piecewise((1/x[n], Ne(x[n], 0)), (y[n], True))
      d[n]: Piecewise((y[n]*log(Abs(x[n]))/x[n], Abs(x[n]) > 1/2), (y[n]**3, True))
      e: Sum(Piecewise((x[n]**(-3/2), x[n] > 0), (0, True)), n)
      f[n]: Piecewise((asin(x[n]), (x[n] < 1) & (x[n] > -1)), (acosh(Abs(x[n]) + 1), True))
      g: Prod(Piecewise((x[n], x[n] != 0), (1, True)), n)
    """,
    {"N": 6},
    {"N": 1},
    x=lambda rng, shape: these([0.0, -1.5, 0.25, 2.0, -0.4, 0.0])(rng, shape)[: shape[0]],
)
def branch_not_taken(x, y):
    over = torch.where(x > 0, x, 1)
    other = torch.where(x != 0, x, 1)
    far = torch.where(x.abs() > 0.5, x, 1)
    inside = x.abs() < 1
    d = torch.where(x.abs() > 0.5, y * far.abs().log() / far, y**3)
    f = torch.where(inside, torch.where(inside, x, 0).asin(), torch.where(inside, 2, x.abs() + 1).acosh())
    return (
        torch.where(x > 0, over.log(), 0),
        torch.where(x > 0, over.sqrt(), x**2) * y,
        torch.where(x != 0, 1 / other, y),
        d,
        torch.where(x > 0, over**-1.5, 0).sum(),
        f,
        other.prod(),
    )


@layer(
    """
    layer: rows_of_nothing
    doc: Softmax rows and log-sum-exps without an entry, empty ranges, and extrema that a condition leaves alone.
    inputs: {x: [N, M], k: {shape: [N], values: M + 1}}
    where:
      u[n, m]: Piecewise((x[n, m], m < k[n]), (-oo, True))
    outputs:
      p[n, m]: Softmax(u[n, m], m)
      l[n]: Piecewise((LogSumExp(u[n, m], m), k[n] > 0), (0, True))
      s[n]: Sum(x[n, m], (m, 0, k[n] - 1)) + Prod(x[n, m], (m, 0, k[n] - 1))
      t[n]: Piecewise((Amax(x[n, m], (m, 0, k[n] - 1)), k[n] >= 1), (x[n, 0], True))
      q[n]: Sum(x[n, m]**2, (m, k[n], M - 1))
    """,
    {"N": 5, "M": 3},
    {"N": 1, "M": 1},
    k=lambda rng, shape: these([0, 3, 1, 2, 0])(rng, shape)[: shape[0]],
)
def rows_of_nothing(x, k):
    on = torch.arange(x.shape[1]) < k[:, None]
    some = k > 0
    filled = torch.where(some[:, None], x.masked_fill(~on, -torch.inf), 0)
    p = torch.where(on, filled.softmax(1), 0)
    lse = torch.where(some, torch.logsumexp(filled, 1), 0)
    s = (x * on).sum(1) + torch.where(on, x, 1).prod(1)
    return p, lse, s, torch.where(some, filled.amax(1), x[:, 0]), (x**2 * ~on).sum(1)


@layer(
    """
    layer: removable_gaps
    doc: Limits where the compiler knows them, on numbers that are the gaps.
    inputs: {x: [N], p: [N], q: [N]}
    assume: ["p[n] >= 0", "q[n] > 0"]
    outputs:
      a[n]: sin(x[n])/x[n]
      b[n]: (exp(x[n]) - 1)/x[n]
      c: Sum(p[n]*log(p[n]), n)
      d: Sum(p[n]*log(p[n]/q[n]), n)
    wrt: [x, q]
    """,
    {"N": 3},
    x=these([0.0, 0.5, -0.5]),
    p=these([0.0, 0.25, 0.75]),
    q=unit,
)
def removable_gaps(x, p, q):
    near = x == 0
    safe = torch.where(near, 1, x)
    a = torch.where(near, 1 - x**2 / 6, safe.sin() / safe)
    b = torch.where(near, 1 + x / 2, torch.expm1(safe) / safe)
    return a, b, torch.xlogy(p, p).sum(), (torch.xlogy(p, p) - p * q.log()).sum()


@layer(
    """
    layer: derived_sizes
    doc: Derived dimensions in shapes, in other derived dimensions, with division, as numbers, and checked.
    inputs: {x: [N, 2*D], y: [P, N + 1], z: [D, 3]}
    dims: {P: (N + 2)//2, Q: P*D - 1, R: "Max(N - 2, 1)"}
    indices: {p: P, r: R, q: Q}
    outputs:
      a[p, d]: y[p, 2*p//2]*z[d, p % 3]
      b[r]: Sum(x[Min(r + k, N - 1), 0], (k, 0, 1))*Q
      c[q]: q*P/Q*x[0, q % (2*D)]
      e: Sum(x[n, d]*x[n, d + D]*D, n, (d, 0, D - 1))
    """,
    {"N": 4, "D": 2, "P": 3},
    {"N": 2, "D": 1, "P": 2},
)
def derived_sizes(x, y, z):
    rows, wide = x.shape
    half, P = wide // 2, len(y)
    p = torch.arange(P)
    a = y[p, p][:, None] * z.T[p % 3]
    Q, R = P * half - 1, max(rows - 2, 1)
    r, q = torch.arange(R), torch.arange(Q)
    b = (x[r.clamp(max=rows - 1), 0] + x[(r + 1).clamp(max=rows - 1), 0]) * Q
    return a, b, q.to(x.dtype) * P / Q * x[0, q % wide], (x[:, :half] * x[:, half:]).sum() * half


@layer(
    """
    layer: borrowed_time
    doc: Recurrences that start in unusual ways, at 0, at -2 and -1, by a Piecewise, from the end; a group of three; a step in the middle axis.
    inputs: {x: [T, N], c: [N]}
    where:
      a[0, n]: c[n]
      a[t, n]: a[t - 1, n]*0.5 + x[t, n]
      f[-2, n]: 1
      f[-1, n]: c[n]
      f[t, n]: f[t - 1, n] - 0.3*f[t - 2, n] + x[t, n]
      g[t, n]: Piecewise((x[T - 1, n], t == T - 1), (tanh(g[t + 1, n]) + x[t, n], True))
      m[n, -1]: 0
      m[n, t]: Max(m[n, t - 1]*0.9, x[t, n])
      u[-1]: 1
      v[-1]: 0
      w[-1]: 0
      u[t]: 0.5*u[t - 1] - w[t - 1] + x[t, 0]
      v[t]: u[t] + 0.1*v[t - 1]
      w[t]: tanh(v[t])*w[t - 1] + 0.1*u[t]
    outputs:
      ya[t, n]: a[t, n]
      yf[n]: f[T - 1, n]*f[0, n]
      yg[n]: g[0, n]
      ym[n]: Sum(m[n, t], t)
      yw: w[T - 1] + v[0]
    """,
    {"T": 5, "N": 2},
    {"T": 1, "N": 1},
    {"T": 2, "N": 1},
)
def borrowed_time(x, c):
    a, before, f, m, fs, ms, rows = c, torch.ones_like(c), c, torch.zeros_like(c), [], [], [c]
    u, v, w, vs = 1, 0, 0, []
    for t, row in enumerate(x):
        if t:
            a = 0.5 * a + row
            rows.append(a)
        before, f = f, f - 0.3 * before + row
        fs.append(f)
        m = torch.maximum(m * 0.9, row)
        ms.append(m)
        u = 0.5 * u - w + row[0]
        v = u + 0.1 * v
        w = torch.tanh(v) * w + 0.1 * u
        vs.append(v)
    g = x[-1]
    for row in x[:-1].flip(0):
        g = torch.tanh(g) + row
    return torch.stack(rows), fs[-1] * fs[0], g, torch.stack(ms).sum(0), w + vs[0]


@layer(
    """
    layer: with_respect_to
    doc: "`wrt` in another order than declared, with a parameter and a `grad: false` tensor left out."
    inputs: {x: [N], s: {shape: [N], grad: false}}
    params: {w: [N], b: []}
    wrt: [b, x]
    outputs:
      y[n]: x[n]**2*w[n]*s[n] + b*x[n]
      z: Sum(y[n]*w[n], n)
    """,
    {"N": 3},
    {"N": 1},
)
def with_respect_to(x, s, w, b):
    y = x**2 * w * s + b * x
    return y, (y * w).sum()


@layer(
    """
    layer: shared_weights
    doc: One weight in three roles, a callee twice with arguments by name, in another order, and of the caller's whole-tensor expressions.
    inputs: {x: [N, D]}
    params: {W: [D, D]}
    where:
      a: linear(x, W, sum(W, axis=0))
      b: linear(b=mean(W, axis=1), x=a - x, W=W.T)
      c[n, e]: Sum(b[n, d]*W[d, e], d) + W[0, e]
    outputs:
      y: rmsnorm(c, sum(W*W, axis=0))
      trace: Sum(W[d, d], d)
    """,
    {"N": 3, "D": 2},
    {"N": 1, "D": 1},
)
def shared_weights(x, W):
    a = x @ W + W.sum(0)
    b = (a - x) @ W.T + W.mean(1)
    c = b @ W + W[0]
    return c / torch.sqrt((c**2).mean(1, keepdim=True) + RMS_EPS) * (W * W).sum(0), W.trace()


RMS_EPS = 1e-6


@layer(
    """
    layer: order_of_reductions
    doc: Reductions over several indices at once with limits on some, nested, of different kinds, and means of empty breadth.
    inputs: {x: [A, B, C]}
    outputs:
      a: Mean(x[i, j, k], i, j, k) + Var(x[i, j, k], i, k, j)
      b[j]: LogSumExp(x[i, j, k], i, (k, 0, j))
      c[i]: Norm(x[i, j, k], j, k) + Amax(Sum(x[i, j, k], k), j)
      d: Prod(Mean(x[i, j, k], j, k), i)
      e[k]: Var(Sum(x[i, j, k], i), j)
      f[i, j]: Softmax(x[i, j, 0], i, j)
    indices: {j: C, k: C}
    """,
    {"A": 2, "B": 3, "C": 3},
    {"A": 1, "B": 1, "C": 1},
)
def order_of_reductions(x):
    a = x.mean() + x.var(correction=0)
    b = torch.stack([torch.logsumexp(x[:, j, : j + 1], (0, 1)) for j in range(x.shape[2])])
    c = x.flatten(1).norm(dim=1) + x.sum(2).amax(1)
    return a, b, c, x.mean((1, 2)).prod(), x.sum(0).var(0, correction=0), x[:, :, 0].flatten().softmax(0).view(x.shape[:2])


@layer(
    """
    layer: special_functions
    doc: Every function that NumPy lacks and the less used of the others, in one formula each.
    inputs: {x: [N], y: [N]}
    outputs:
      a[n]: loggamma(y[n] + 1) - digamma(y[n])*x[n] + erf(x[n]) - erfc(y[n])
      b[n]: atan2(x[n], y[n]) + asinh(x[n]) + acosh(1 + y[n]) + atanh(x[n]/4)
      c[n]: log1p(y[n]) + expm1(-y[n]) + sinh(x[n])*cosh(y[n]) - tan(x[n]/4)
      d[n]: x[n]*round(x[n]) + floor(x[n])*y[n] - ceiling(x[n]) + sign(x[n])*y[n]
      e[n]: acos(x[n]/4)*asin(y[n]/4) + atan(x[n]) + softplus(-x[n])*sigmoid(x[n])
    """,
    {"N": 5},
    {"N": 1},
    y=positive,
)
def special_functions(x, y):
    a = torch.lgamma(y + 1) - torch.digamma(y) * x + torch.erf(x) - torch.erfc(y)
    b = torch.atan2(x, y) + torch.asinh(x) + torch.acosh(1 + y) + torch.atanh(x / 4)
    c = torch.log1p(y) + torch.expm1(-y) + torch.sinh(x) * torch.cosh(y) - torch.tan(x / 4)
    d = x * x.detach().round() + x.detach().floor() * y - x.detach().ceil() + torch.sign(x.detach()) * y
    return a, b, c, d, torch.acos(x / 4) * torch.asin(y / 4) + torch.atan(x) + F.softplus(-x) * torch.sigmoid(x)
