"""Ways to mix tokens that are not plain attention: low ranks, slots, sparse weights, gates over positions, sinks."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer


@layer(
    """
    layer: linformer
    doc: Keys and values projected to a few rows along the sequence (Wang et al. 2020).
    inputs: {x: [T, D]}
    params: {Wq: [D, K], Wk: [D, K], Wv: [D, V], E: [R, T], F: [R, T]}
    where:
      q: x @ Wq
      k: E @ (x @ Wk)
      v: F @ (x @ Wv)
      p[t, r]: Softmax(Sum(q[t, j]*k[r, j], j)/sqrt(K), r)
    outputs:
      y: p @ v
    """,
    {"T": 5, "D": 3, "K": 2, "V": 4, "R": 2},
)
def linformer(x, Wq, Wk, Wv, E, F):
    return torch.softmax((x @ Wq) @ (E @ x @ Wk).T / Wq.shape[1] ** 0.5, 1) @ (F @ x @ Wv)


@layer(
    """
    layer: nystrom_attention
    doc: Softmax attention through landmarks, the means of stretches; the middle inverse by Newton's iteration (Xiong et al. 2021).
    inputs: {q: [M*S, D], k: [M*S, D], v: [M*S, V]}
    hyperparameters: {steps: 3, M: 2}
    indices: {s: S, m: M, l: M, c: M, it: steps, t: M*S, u: M*S}
    where:
      ql[m, d]: Mean(q[m*S + s, d], s)
      kl[m, d]: Mean(k[m*S + s, d], s)
      f[t, m]: Softmax(Sum(q[t, d]*kl[m, d], d), m)
      a[m, l]: Softmax(Sum(ql[m, d]*kl[l, d], d), l)
      b[m, u]: Softmax(Sum(ql[m, d]*k[u, d], d), u)
      scale: Amax(Sum(a[m, l], m), l)*Amax(Sum(a[m, l], l), m)
      z[-1, m, l]: a[l, m]/scale
      az[it, m, l]: Sum(a[m, c]*z[it - 1, c, l], c)
      i1[it, m, l]: 7*KroneckerDelta(m, l) - az[it, m, l]
      i2[it, m, l]: 15*KroneckerDelta(m, l) - Sum(az[it, m, c]*i1[it, c, l], c)
      i3[it, m, l]: 13*KroneckerDelta(m, l) - Sum(az[it, m, c]*i2[it, c, l], c)
      z[it, m, l]: Sum(z[it - 1, m, c]*i3[it, c, l], c)/4
    outputs:
      y[t, w]: Sum(f[t, m]*Sum(z[steps - 1, m, l]*Sum(b[l, u]*v[u, w], u), l), m)
    """,
    {"S": 3, "D": 2, "V": 2},
    options={"M": 2},
)
def nystrom_attention(q, k, v, M, steps=3):
    landmarks = M
    ql, kl = (t.reshape(landmarks, -1, t.shape[1]).mean(1) for t in (q, k))
    f, a, b = torch.softmax(q @ kl.T, 1), torch.softmax(ql @ kl.T, 1), torch.softmax(ql @ k.T, 1)
    z = a.T / (a.sum(0).amax() * a.sum(1).amax())
    eye = torch.eye(landmarks, dtype=q.dtype)
    for _ in range(steps):
        az = a @ z
        z = z @ (13 * eye - az @ (15 * eye - az @ (7 * eye - az))) / 4
    return f @ (z @ (b @ v))


@layer(
    """
    layer: slot_attention
    doc: Slots compete for inputs, and a gated unit renews them a few times (Locatello et al. 2020, without its MLP).
    inputs: {x: [T, D], s0: [S, D]}
    params: {Wq: [D, D], Wi: [D, 3, D], Wh: [D, 3, D]}
    hyperparameters: {rounds: 2, eps: 1e-8}
    indices: {r: rounds}
    where:
      s[-1, i, d]: s0[i, d]
      a[r, i, t]: Softmax(Sum(Sum(s[r - 1, i, e]*Wq[e, d], e)*x[t, d], d)/sqrt(D), i) + eps
      u[r, i, d]: Sum(a[r, i, t]*x[t, d], t)/Sum(a[r, i, t], t)
      gi[r, i, g, d]: Sum(u[r, i, e]*Wi[e, g, d], e)
      gh[r, i, g, d]: Sum(s[r - 1, i, e]*Wh[e, g, d], e)
      z[r, i, d]: sigmoid(gi[r, i, 0, d] + gh[r, i, 0, d])
      n[r, i, d]: tanh(gi[r, i, 2, d] + sigmoid(gi[r, i, 1, d] + gh[r, i, 1, d])*gh[r, i, 2, d])
      s[r, i, d]: (1 - z[r, i, d])*n[r, i, d] + z[r, i, d]*s[r - 1, i, d]
    outputs:
      y[i, d]: s[rounds - 1, i, d]
    """,
    {"T": 4, "D": 3, "S": 2},
    {"T": 1, "D": 1, "S": 1},
)
def slot_attention(x, s0, Wq, Wi, Wh, rounds=2, eps=1e-8):
    s = s0
    for _ in range(rounds):
        a = torch.softmax((s @ Wq) @ x.T / x.shape[1] ** 0.5, 0) + eps
        u = (a / a.sum(1, keepdim=True)) @ x
        gi, gh = torch.einsum("ie,egd->gid", u, Wi), torch.einsum("ie,egd->gid", s, Wh)
        z, r = torch.sigmoid(gi[0] + gh[0]), torch.sigmoid(gi[1] + gh[1])
        s = (1 - z) * torch.tanh(gi[2] + r * gh[2]) + z * s
    return s


@layer(
    """
    layer: sparsemax_attention
    doc: The projection of scores onto the simplex, by counting for each how many are as large (Martins & Astudillo 2016).
    inputs: {q: [T, D], k: [S, D], v: [S, V]}
    where:
      z[t, s]: Sum(q[t, d]*k[s, d], d)
      n[t, s]: Sum(z[t, r] >= z[t, s], r)
      above[t, s]: Sum(z[t, r]*(z[t, r] >= z[t, s]), r)
      inside[t, s]: 1 + n[t, s]*z[t, s] > above[t, s]
      count[t]: Sum(inside[t, s], s)
      tau[t]: (Sum(z[t, s]*inside[t, s], s) - 1)/count[t]
      p[t, s]: Max(z[t, s] - tau[t], 0)
    outputs:
      y: p @ v
    """,
    {"T": 3, "S": 5, "D": 2, "V": 2},
    {"T": 1, "S": 1, "D": 1, "V": 1},
)
def sparsemax_attention(q, k, v):
    z = q @ k.T
    top = z.sort(1, descending=True).values
    sums = top.cumsum(1)
    n = torch.arange(1, z.shape[1] + 1)
    support = 1 + n * top > sums
    count = support.sum(1, keepdim=True)
    tau = ((top * support).sum(1, keepdim=True) - 1) / count
    return torch.relu(z - tau) @ v


@layer(
    """
    layer: attention_free
    doc: Exponential weights of keys and of learned pairs of positions, without queries that meet keys (AFT, Zhai et al. 2021), causal.
    inputs: {q: [B, T, D], k: [B, T, D], v: [B, T, D]}
    params: {w: [T, T]}
    where:
      num[b, t, d]: Sum(exp(k[b, s, d] + w[t, s])*v[b, s, d], (s, 0, t))
      den[b, t, d]: Sum(exp(k[b, s, d] + w[t, s]), (s, 0, t))
    outputs:
      y[b, t, d]: sigmoid(q[b, t, d])*num[b, t, d]/den[b, t, d]
    """,
    {"B": 2, "T": 4, "D": 3},
    {"B": 1, "T": 1, "D": 1},
)
def attention_free(q, k, v, w):
    steps = q.shape[1]
    mask = torch.tril(torch.ones(steps, steps, dtype=torch.bool))
    e = torch.exp(k[:, None] + w[None, :, :, None]) * mask[None, :, :, None]
    return torch.sigmoid(q) * (e * v[:, None]).sum(2) / e.sum(2)


@layer(
    """
    layer: spatial_gating
    doc: Half of the channels, normalised and mixed over positions, gate the other half (gMLP, Liu et al. 2021).
    inputs: {x: [B, T, 2*C]}
    params: {g: [C], b: [C], W: [T, T], c: [T]}
    hyperparameters: {eps: 1e-5}
    where:
      u[n, t, j]: x[n, t, C + j]
      m[n, t]: Mean(u[n, t, j], j)
      s[n, t]: Var(u[n, t, j], j)
      h[n, t, j]: g[j]*(u[n, t, j] - m[n, t])/sqrt(s[n, t] + eps) + b[j]
    indices: {j: C}
    outputs:
      y[n, t, j]: x[n, t, j]*(Sum(W[t, r]*h[n, r, j], r) + c[t])
    """,
    {"B": 2, "T": 3, "C": 3},
)
def spatial_gating(x, g, b, W, c, eps=1e-5):
    one, two = x.chunk(2, -1)
    h = F.layer_norm(two, two.shape[-1:], g, b, eps)
    return one * (torch.einsum("tr,nrj->ntj", W, h) + c[:, None])


@layer(
    """
    layer: channel_attention
    doc: Attention between channels, of queries and keys that are unit vectors along the tokens (XCiT, El-Nouby et al. 2021).
    inputs: {q: [T, H, D], k: [T, H, D], v: [T, H, D]}
    params: {tau: [H]}
    hyperparameters: {eps: 1e-12}
    where:
      qn[t, h, d]: q[t, h, d]/Max(Norm(q[s, h, d], s), eps)
      kn[t, h, d]: k[t, h, d]/Max(Norm(k[s, h, d], s), eps)
      a[h, d, e]: Softmax(tau[h]*Sum(qn[t, h, d]*kn[t, h, e], t), e)
    outputs:
      y[t, h, d]: Sum(a[h, d, e]*v[t, h, e], e)
    """,
    {"T": 4, "H": 2, "D": 3},
)
def channel_attention(q, k, v, tau):
    qn, kn = F.normalize(q, dim=0), F.normalize(k, dim=0)
    a = torch.softmax(tau[:, None, None] * torch.einsum("thd,the->hde", qn, kn), -1)
    return torch.einsum("hde,the->thd", a, v)


@layer(
    """
    layer: sink_attention
    doc: Causal attention whose softmax has a learned entry of its own that no value stands behind.
    inputs: {q: [H, T, D], k: [H, T, D], v: [H, T, V]}
    params: {sink: [H]}
    where:
      s[h, i, j]: Piecewise((Sum(q[h, i, d]*k[h, j, d], d)/sqrt(D), j <= i), (-oo, True))
      top[h, i]: Max(Amax(s[h, i, j], j), sink[h])
      e[h, i, j]: exp(s[h, i, j] - stop_gradient(top[h, i]))
      z[h, i]: Sum(e[h, i, j], j) + exp(sink[h] - stop_gradient(top[h, i]))
    outputs:
      y[h, i, w]: Sum(e[h, i, j]*v[h, j, w], j)/z[h, i]
    """,
    {"H": 2, "T": 4, "D": 2, "V": 3},
    {"H": 1, "T": 1, "D": 1, "V": 1},
)
def sink_attention(q, k, v, sink):
    steps = q.shape[1]
    s = q @ k.transpose(1, 2) / q.shape[2] ** 0.5
    s = s.masked_fill(~torch.tril(torch.ones(steps, steps, dtype=torch.bool)), -torch.inf)
    s = torch.cat([s, sink[:, None, None].expand(-1, steps, 1)], 2)
    return torch.softmax(s, 2)[..., :-1] @ v


@layer(
    """
    layer: forgetting_attention
    doc: Scores lowered by the sum of log forget gates between key and query (Lin et al. 2025).
    inputs: {q: [T, D], k: [T, D], v: [T, V], f: [T]}
    where:
      c[t]: Sum(-softplus(-f[r]), (r, 0, t))
      s[i, j]: Piecewise((Sum(q[i, d]*k[j, d], d) + c[i] - c[j], j <= i), (-oo, True))
    outputs:
      y[i, w]: Sum(Softmax(s[i, j], j)*v[j, w], j)
    """,
    {"T": 5, "D": 2, "V": 3},
    {"T": 1, "D": 1, "V": 1},
)
def forgetting_attention(q, k, v, f):
    c = F.logsigmoid(f).cumsum(0)
    s = q @ k.T + c[:, None] - c
    return torch.softmax(s.masked_fill(torch.triu(torch.ones_like(s), 1).bool(), -torch.inf), 1) @ v


@layer(
    """
    layer: stick_breaking_attention
    doc: The weight of a key is its own share of what the later ones left (Tan et al. 2024).
    inputs: {q: [T, D], k: [T, D], v: [T, V]}
    where:
      z[i, j]: Sum(q[i, d]*k[j, d], d)/sqrt(D)
      rest[i, j]: Sum(Piecewise((softplus(z[i, m]), m < i), (0, True)), (m, j + 1, T - 1))
      a[i, j]: Piecewise((exp(-softplus(-z[i, j]) - rest[i, j]), j < i), (0, True))
    outputs:
      y[i, w]: Sum(a[i, j]*v[j, w], j) + (1 - Sum(a[i, j], j))*v[i, w]
    """,
    {"T": 5, "D": 2, "V": 2},
    {"T": 1, "D": 1, "V": 1},
)
def stick_breaking_attention(q, k, v):
    steps = len(q)
    beta = torch.sigmoid(q @ k.T / q.shape[1] ** 0.5)
    rows = []
    for i in range(steps):
        left, total = torch.ones((), dtype=q.dtype), 0 * v[0]
        for j in range(i - 1, -1, -1):
            total = total + left * beta[i, j] * v[j]
            left = left * (1 - beta[i, j])
        rows.append(total + left * v[i])
    return torch.stack(rows)


@layer(
    """
    layer: induced_set_block
    doc: Attention of inducing points to a set and back, with residuals (ISAB, Lee et al. 2019).
    inputs: {x: [N, D], m: {shape: [N], dtype: bool}}
    params: {I: [M, D], W1: [D, D], W2: [D, D]}
    where:
      s[i, n]: Piecewise((Sum(I[i, d]*x[n, d], d)/sqrt(D), m[n]), (-oo, True))
      h[i, d]: I[i, d] + Sum(Softmax(s[i, n], n)*Sum(x[n, e]*W1[e, d], e), n)
      g[i, d]: h[i, d] + relu(h[i, d])
      p[n, i]: Softmax(Sum(x[n, d]*g[i, d], d)/sqrt(D), i)
    outputs:
      y[n, d]: Piecewise((x[n, d] + Sum(p[n, i]*Sum(g[i, e]*W2[e, d], e), i), m[n]), (0, True))
    """,
    {"N": 4, "D": 3, "M": 2},
)
def induced_set_block(x, m, I, W1, W2):  # noqa: E741
    s = (I @ x.T / x.shape[1] ** 0.5).masked_fill(~m, -torch.inf)
    h = I + torch.softmax(s, 1) @ (x @ W1)
    g = h + torch.relu(h)
    p = torch.softmax(x @ g.T / x.shape[1] ** 0.5, 1)
    return torch.where(m[:, None], x + p @ (g @ W2), 0)


@layer(
    """
    layer: product_keys
    doc: The best pairs of two short lists of keys pick rows of a large memory (Lample et al. 2019), here the best of each.
    inputs: {q: [N, 2*D]}
    indices: {d: D}
    params: {K1: [M, D], K2: [M, D], V: [M*M, C]}
    where:
      s1[n, m]: Sum(q[n, d]*K1[m, d], d)
      s2[n, m]: Sum(q[n, D + d]*K2[m, d], d)
      a[n]: Argmax(s1[n, m], m)
      b[n]: Argmax(s2[n, m], m)
      b2[n]: Argmax(Piecewise((s2[n, m], Ne(m, b[n])), (-oo, True)), m)
      w[n]: sigmoid(s2[n, b[n]] - s2[n, b2[n]])
    outputs:
      y[n, c]: sigmoid(s1[n, a[n]])*(w[n]*V[a[n]*M + b[n], c] + (1 - w[n])*V[a[n]*M + b2[n], c])
    """,
    {"N": 3, "D": 2, "M": 3, "C": 2},
)
def product_keys(q, K1, K2, V):
    one, two = q.chunk(2, 1)
    s1, s2 = one @ K1.T, two @ K2.T
    best, rows = s2.topk(2, 1)
    a = s1.argmax(1)
    w = torch.softmax(best, 1)
    picked = V[a[:, None] * len(K1) + rows]
    return torch.sigmoid(s1.amax(1))[:, None] * (w[..., None] * picked).sum(1)


@layer(
    """
    layer: infini_memory
    doc: A segment reads a compressive memory of the segments before it and adds to it by the delta rule (Munkhdalai et al. 2024).
    inputs: {q: [S, L, D], k: [S, L, D], v: [S, L, V]}
    params: {beta: []}
    where:
      fq[s, l, d]: Piecewise((q[s, l, d] + 1, q[s, l, d] > 0), (exp(Min(q[s, l, d], 0)), True))
      fk[s, l, d]: Piecewise((k[s, l, d] + 1, k[s, l, d] > 0), (exp(Min(k[s, l, d], 0)), True))
      M[-1, d, w]: 0
      z[-1, d]: 1
      old[s, l, w]: Sum(fk[s, l, d]*M[s - 1, d, w], d)/Sum(fk[s, l, d]*z[s - 1, d], d)
      M[s, d, w]: M[s - 1, d, w] + Sum(fk[s, l, d]*(v[s, l, w] - old[s, l, w]), l)
      z[s, d]: z[s - 1, d] + Sum(fk[s, l, d], l)
      mem[s, l, w]: Sum(fq[s, l, d]*M[s - 1, d, w], d)/Sum(fq[s, l, d]*z[s - 1, d], d)
      p[s, i, j]: Softmax(Piecewise((Sum(q[s, i, d]*k[s, j, d], d)/sqrt(D), j <= i), (-oo, True)), j)
    outputs:
      y[s, i, w]: sigmoid(beta)*mem[s, i, w] + (1 - sigmoid(beta))*Sum(p[s, i, j]*v[s, j, w], j)
    """,
    {"S": 3, "L": 2, "D": 2, "V": 2},
    {"S": 1, "L": 1, "D": 1, "V": 1},
)
def infini_memory(q, k, v, beta):
    fq, fk = F.elu(q) + 1, F.elu(k) + 1
    M, z = torch.zeros(q.shape[2], v.shape[2], dtype=q.dtype), torch.ones(q.shape[2], dtype=q.dtype)
    mask = torch.triu(torch.ones(q.shape[1], q.shape[1]), 1).bool()
    out = []
    for s in range(len(q)):
        p = torch.softmax((q[s] @ k[s].T / q.shape[2] ** 0.5).masked_fill(mask, -torch.inf), 1)
        mem = fq[s] @ M / (fq[s] @ z)[:, None]
        out.append(torch.sigmoid(beta) * mem + (1 - torch.sigmoid(beta)) * (p @ v[s]))
        old = fk[s] @ M / (fk[s] @ z)[:, None]
        M, z = M + fk[s].T @ (v[s] - old), z + fk[s].sum(0)
    return torch.stack(out)
