"""Activations and relaxed choices."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer


@layer(
    """
    layer: maxout
    inputs: {x: [N, I]}
    params: {W: [K, I, O], b: [K, O]}
    outputs:
      y[n, o]: Amax(Sum(x[n, i]*W[k, i, o], i) + b[k, o], k)
    """,
    {"N": 3, "I": 2, "K": 4, "O": 5},
    {"N": 1, "I": 1, "K": 1, "O": 1},
)
def maxout(x, W, b):
    return (torch.einsum("ni,kio->nko", x, W) + b[None]).amax(1)


@layer(
    """
    layer: crelu
    doc: Both halves of a rectifier, one after the other.
    inputs: {x: [N, C]}
    indices: {j: 2*C}
    outputs:
      y[n, j]: Piecewise((relu(x[n, j]), j < C), (relu(-x[n, j - C]), True))
    """,
    {"N": 3, "C": 2},
    {"N": 1, "C": 1},
)
def crelu(x):
    return torch.relu(torch.cat([x, -x], 1))


@layer(
    """
    layer: activations_many
    doc: Activations in one elementwise layer.
    inputs: {x: [N]}
    params: {alpha: [], beta: []}
    outputs:
      elu_[n]: Piecewise((x[n], x[n] > 0), (alpha*(exp(x[n]) - 1), True))
      swish_[n]: x[n]*sigmoid(beta*x[n])
      mish_[n]: x[n]*tanh(log(1 + exp(x[n])))
      gelu_[n]: x[n]*(1 + erf(x[n]/sqrt(2)))/2
      tanhexp[n]: x[n]*tanh(exp(x[n]))
      softexp[n]: log(1 + exp(beta*x[n]))/beta
      hard[n]: x[n]*Min(Max(x[n] + 3, 0), 6)/6
      serf[n]: x[n]*erf(log(1 + exp(x[n])))
      phish[n]: x[n]*tanh(x[n]*(1 + erf(x[n]/2**(1/2)))/2)
      logish[n]: x[n]*log(1 + sigmoid(x[n]))
      bent[n]: (sqrt(x[n]**2 + 1) - 1)/2 + x[n]
      isru[n]: x[n]/sqrt(1 + Abs(alpha)*x[n]**2)
      snake_[n]: x[n] + sin(beta*x[n])**2/beta
    """,
    {"N": 11},
    {"N": 1},
)
def activations_many(x, alpha, beta):
    gelu = F.gelu(x)
    return (
        torch.where(x > 0, x, alpha * torch.expm1(x)),
        x * torch.sigmoid(beta * x),
        F.mish(x),
        gelu,
        x * torch.tanh(x.exp()),
        torch.log1p((beta * x).exp()) / beta,
        F.hardswish(x),
        x * torch.erf(F.softplus(x)),
        x * torch.tanh(gelu),
        x * torch.log1p(torch.sigmoid(x)),
        (torch.sqrt(x**2 + 1) - 1) / 2 + x,
        x / torch.sqrt(1 + alpha.abs() * x**2),
        x + torch.sin(beta * x) ** 2 / beta,
    )


@layer(
    """
    layer: pau
    doc: A rational activation of orders 3 and 2 with a safe denominator.
    inputs: {x: [...]}
    params: {a: [4], b: [2]}
    outputs:
      y[...]: Sum(a[k]*x[...]**k, k)/(1 + Abs(Sum(b[k]*x[...]**(k + 1), k)))
    """,
    {},
)
def pau(x, a, b):
    top = sum(a[k] * x**k for k in range(4))
    return top / (1 + (b[0] * x + b[1] * x**2).abs())


@layer(
    """
    layer: spline
    doc: A piecewise linear function over knots, as a sum of hinges.
    inputs: {x: [N]}
    params: {slope: [K], knot: [K], bias: []}
    outputs:
      y[n]: bias + Sum(slope[k]*Max(x[n] - knot[k], 0), k)
    """,
    {"N": 5, "K": 3},
    {"N": 1, "K": 1},
)
def spline(x, slope, knot, bias):
    return bias + torch.relu(x[:, None] - knot) @ slope


@layer(
    """
    layer: kwta
    doc: The largest of each group stays, the others become 0; a tie goes to the first.
    inputs: {x: [N, G, K]}
    outputs:
      y[n, g, k]: Piecewise((x[n, g, k], Eq(k, Argmax(x[n, g, j], j))), (0, True))
    """,
    {"N": 2, "G": 3, "K": 4},
    {"N": 1, "G": 1, "K": 1},
)
def kwta(x):
    return x * F.one_hot(x.argmax(-1), x.shape[-1])


@layer(
    """
    layer: gumbel_st
    doc: A hard sample forward, the soft one's gradient backward; the noise is given.
    inputs: {z: [N, K], g: {shape: [N, K], grad: false}}
    hyperparameters: {tau: 0.7}
    where:
      soft[n, k]: Softmax((z[n, k] + g[n, k])/tau, k)
      hard[n, k]: KroneckerDelta(Argmax(soft[n, j], j), k)
    outputs:
      y[n, k]: stop_gradient(hard[n, k] - soft[n, k]) + soft[n, k]
    """,
    {"N": 3, "K": 5},
    {"N": 1, "K": 1},
)
def gumbel_st(z, g, tau=0.7):
    soft = torch.softmax((z + g) / tau, 1)
    return (F.one_hot(soft.argmax(1), z.shape[1]) - soft).detach() + soft


@layer(
    """
    layer: entmax_bisect
    doc: 1.5-entmax by a threshold found in 40 halvings of an interval; the threshold is a constant.
    inputs: {z: [N, K]}
    indices: {s: 40}
    where:
      hi[n]: Amax(z[n, k], k)
      lo[-1, n]: hi[n] - 2
      w[s]: 2*2**(-(s + 1))
      mid[s, n]: lo[s-1, n] + w[s]
      f[s, n]: Sum((Max(z[n, k] - mid[s, n], 0)/2)**2, k)
      lo[s, n]: Piecewise((mid[s, n], f[s, n] >= 1), (lo[s-1, n], True))
      tau[n]: stop_gradient(lo[39, n])
      p[n, k]: (Max(z[n, k] - tau[n], 0)/2)**2
    outputs:
      y[n, k]: p[n, k]/Sum(p[n, j], j)
    """,
    {"N": 3, "K": 5},
    {"N": 1, "K": 1},
)
def entmax_bisect(z):
    hi = z.detach().amax(1)
    lo = hi - 2
    for s in range(40):
        mid = lo + 2 * 2.0 ** (-(s + 1))
        lo = torch.where(((z.detach() - mid[:, None]).clamp(min=0) / 2).square().sum(1) >= 1, mid, lo)
    p = ((z - lo[:, None]).clamp(min=0) / 2) ** 2
    return p / p.sum(1, keepdim=True)
