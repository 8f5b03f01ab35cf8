"""Experts, codebooks, splines, routing, hypernetworks: parts that choose among parts."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, simplex


@layer(
    """
    layer: switch_feed_forward
    doc: "Top-1 routing by Argmax with the balance loss and the z-loss (Fedus et al. 2022, eq. 4; Zoph et al. 2022)."
    inputs: {x: [T, D]}
    params: {Wr: [D, E], W1: [E, D, F], W2: [E, F, D]}
    hyperparameters: {alpha: 0.01, zeta: 0.001}
    where:
      z[t, e]: Sum(x[t, d]*Wr[d, e], d)
      p[t, e]: Softmax(z[t, e], e)
      top[t]: Argmax(z[t, e], e)
      h[t, f]: relu(Sum(x[t, d]*W1[top[t], d, f], d))
      share[e]: Mean(Eq(top[t], e), t)
    outputs:
      y[t, d]: p[t, top[t]]*Sum(h[t, f]*W2[top[t], f, d], f)
      balance: alpha*E*Sum(share[e]*Mean(p[t, e], t), e)
      z_loss: zeta*Mean(LogSumExp(z[t, e], e)**2, t)
    """,
    {"T": 5, "D": 3, "E": 4, "F": 2},
    {"T": 1, "D": 1, "E": 1, "F": 1},
)
def switch_feed_forward(x, Wr, W1, W2):
    z = x @ Wr
    p, top = z.softmax(1), z.argmax(1)
    h = torch.relu(torch.einsum("td,tdf->tf", x, W1[top]))
    y = p.gather(1, top[:, None]) * torch.einsum("tf,tfd->td", h, W2[top])
    share = F.one_hot(top, z.shape[1]).to(x.dtype).mean(0)
    return y, 0.01 * z.shape[1] * (share * p.mean(0)).sum(), 0.001 * (torch.logsumexp(z, 1) ** 2).mean()


@layer(
    """
    layer: top_two_of_many
    doc: "The two largest of E gates: the second by masking the first with -oo, weights renormalised."
    inputs: {x: [T, D], z: [T, E]}
    params: {V: [E, D]}
    where:
      a[t]: Argmax(z[t, e], e)
      rest[t, e]: Piecewise((-oo, Eq(e, a[t])), (z[t, e], True))
      b[t]: Argmax(rest[t, e], e)
      ga[t]: sigmoid(z[t, a[t]] - z[t, b[t]])
    outputs:
      y[t, d]: x[t, d]*(ga[t]*V[a[t], d] + (1 - ga[t])*V[b[t], d])
      first[t]: a[t]
    """,
    {"T": 5, "D": 3, "E": 4},
    {"T": 1, "D": 1, "E": 2},
)
def top_two_of_many(x, z, V):
    best = z.topk(2, 1)
    g = best.values.softmax(1)
    return x * (g[:, :1] * V[best.indices[:, 0]] + g[:, 1:] * V[best.indices[:, 1]]), best.indices[:, 0]


@layer(
    """
    layer: expert_choice
    doc: Each expert weighs its own tokens by a softmax over the tokens (soft mixture, Puigcerver et al. 2024).
    inputs: {x: [T, D]}
    params: {phi: [D, E, S], W: [E, D, D]}
    where:
      z[t, e, s]: Sum(x[t, d]*phi[d, e, s], d)
      dispatch[t, e, s]: Softmax(z[t, e, s], t)
      slot[e, s, d]: Sum(dispatch[t, e, s]*x[t, d], t)
      out[e, s, d]: tanh(Sum(slot[e, s, k]*W[e, k, d], k))
      combine[t, e, s]: exp(z[t, e, s])/Sum(exp(z[t, f, r]), f, r)
    outputs: {"y[t, d]": "Sum(combine[t, e, s]*out[e, s, d], e, s)"}
    """,
    {"T": 4, "D": 3, "E": 2, "S": 2},
    {"T": 1, "D": 1, "E": 1, "S": 1},
)
def expert_choice(x, phi, W):
    z = torch.einsum("td,des->tes", x, phi)
    slot = torch.einsum("tes,td->esd", z.softmax(0), x)
    out = torch.tanh(torch.einsum("esk,ekd->esd", slot, W))
    return torch.einsum("tes,esd->td", z.flatten(1).softmax(1).view_as(z), out)


@layer(
    """
    layer: vector_quantised
    doc: "Nearest codes, straight through, codebook and commitment losses, moving averages of the codes (van den Oord et al. 2017)."
    inputs: {z: [N, D]}
    params: {codes: [K, D]}
    state: {count: [K], total_: [K, D]}
    hyperparameters: {beta: 0.25, gamma: 0.9, eps: 1e-5}
    where:
      d2[n, k]: Sum((z[n, d] - codes[k, d])**2, d)
      k_[n]: Argmin(d2[n, k], k)
      q[n, d]: codes[k_[n], d]
      used[k]: Sum(Eq(k_[n], k), n)
    outputs:
      zq[n, d]: z[n, d] + stop_gradient(q[n, d] - z[n, d])
      loss: Mean(Sum((stop_gradient(z[n, d]) - q[n, d])**2 + beta*(z[n, d] - stop_gradient(q[n, d]))**2, d), n)
      perplexity: exp(-Sum(used[k]/N*log(used[k]/N + eps), k))
    update:
      count[k]: gamma*count[k] + (1 - gamma)*used[k]
      total_[k, d]: gamma*total_[k, d] + (1 - gamma)*Sum(Eq(k_[n], k)*z[n, d], n)
    """,
    {"N": 5, "D": 2, "K": 3},
    {"N": 1, "D": 1, "K": 1},
)
def vector_quantised(z, codes, count, total_):
    index = ((z[:, None] - codes) ** 2).sum(-1).argmin(1)
    q, hot = codes[index], F.one_hot(index, len(codes)).to(z.dtype)
    used = hot.sum(0)
    loss = ((z.detach() - q) ** 2 + 0.25 * (z - q.detach()) ** 2).sum(1).mean()
    p = used / len(z)
    states = 0.9 * count + 0.1 * used, 0.9 * total_ + 0.1 * hot.T @ z.detach()
    return (z + (q - z).detach(), loss, torch.exp(-(p * (p + 1e-5).log()).sum())), states


@layer(
    """
    layer: finite_scalar
    doc: "Finite scalar quantisation to L levels, rounded straight through, and the index of the code (Mentzer et al. 2024)."
    inputs: {z: [N, D]}
    hyperparameters: {L: 5}
    where:
      half: (L - 1)/2
      b[n, d]: half*tanh(z[n, d])
      r[n, d]: b[n, d] + stop_gradient(round(b[n, d]) - b[n, d])
    outputs:
      y[n, d]: r[n, d]/half
      code[n]: Sum((round(b[n, d]) + half)*L**d, d)
    """,
    {"N": 4, "D": 3},
    {"N": 1, "D": 1},
)
def finite_scalar(z):
    b = 2 * torch.tanh(z)
    r = b.round().detach()
    weights = 5.0 ** torch.arange(z.shape[1], dtype=z.dtype)
    return b / 2 + ((r - b) / 2).detach(), ((r + 2) * weights).sum(1)


@layer(
    """
    layer: residual_quantiser
    doc: Q codebooks in turn, each for what the one before has left; a recurrence over the codebooks with a choice in it.
    inputs: {z: [N, D]}
    params: {C: [Q, K, D]}
    where:
      r[-1, n, d]: z[n, d]
      dist[q, n, k]: Sum((r[q - 1, n, d] - C[q, k, d])**2, d)
      best[q, n]: Argmin(dist[q, n, k], k)
      r[q, n, d]: r[q - 1, n, d] - C[q, best[q, n], d]
    outputs:
      left[n]: Sum(r[Q - 1, n, d]**2, d)
      index[q, n]: best[q, n]
    """,
    {"N": 4, "D": 2, "Q": 3, "K": 3},
    {"N": 1, "D": 1, "Q": 1, "K": 1},
)
def residual_quantiser(z, C):
    r, chosen = z, []
    for codes in C:
        chosen.append(((r[:, None] - codes) ** 2).sum(-1).argmin(1))
        r = r - codes[chosen[-1]]
    return (r**2).sum(1), torch.stack(chosen)


@layer(
    """
    layer: kan
    doc: "A Kolmogorov-Arnold layer: silu beside cubic B-splines on a uniform grid, by the recursion of Cox and de Boor (Liu et al. 2024)."
    inputs: {x: [N, I]}
    params: {c: [I, O, K], wb: [I, O], ws: [I, O]}
    hyperparameters: {low: -2, step: 0.5}
    dims: {K1: K + 1, K2: K + 2, K3: K + 3}
    indices: {k: K, k1: K1, k2: K2, k3: K3}
    where:
      u[n, i]: (x[n, i] - low)/step + 3
      b0[n, i, k3]: (k3 <= u[n, i]) & (u[n, i] < k3 + 1)
      b1[n, i, k2]: (u[n, i] - k2)*b0[n, i, k2] + (k2 + 2 - u[n, i])*b0[n, i, k2 + 1]
      b2[n, i, k1]: (u[n, i] - k1)/2*b1[n, i, k1] + (k1 + 3 - u[n, i])/2*b1[n, i, k1 + 1]
      b3[n, i, k]: (u[n, i] - k)/3*b2[n, i, k] + (k + 4 - u[n, i])/3*b2[n, i, k + 1]
    outputs:
      y[n, o]: Sum(wb[i, o]*x[n, i]*sigmoid(x[n, i]) + ws[i, o]*Sum(c[i, o, k]*b3[n, i, k], k), i)
    """,
    {"N": 4, "I": 2, "O": 3, "K": 9},
    {"N": 1, "I": 1, "O": 1, "K": 1},
)
def kan(x, c, wb, ws):
    knots = torch.arange(c.shape[2] + 4, dtype=x.dtype)
    u = ((x + 2) / 0.5 + 3)[..., None]
    b = ((knots[:-1] <= u) & (u < knots[1:])).to(x.dtype)
    for degree in (1, 2, 3):
        b = ((u - knots[: -degree - 1]) * b[..., :-1] + (knots[degree + 1 :] - u) * b[..., 1:]) / degree
    return F.silu(x) @ wb + torch.einsum("nik,iok,io->no", b, c, ws)


@layer(
    """
    layer: lookup_spline
    doc: Piecewise linear activations by a table for each channel; the ends go on as constants.
    inputs: {x: [N, C]}
    params: {knots: [C, K]}
    hyperparameters: {span: 3.0}
    where:
      p[n, c]: Min(Max((x[n, c] + span)/(2*span), 0), 1)*(K - 1)
      l[n, c]: Min(floor(p[n, c]), K - 2)
      w[n, c]: p[n, c] - l[n, c]
    outputs:
      y[n, c]: knots[c, l[n, c]]*(1 - w[n, c]) + knots[c, l[n, c] + 1]*w[n, c]
    """,
    {"N": 5, "C": 2, "K": 6},
    {"N": 1, "C": 1, "K": 2},
)
def lookup_spline(x, knots):
    last = knots.shape[1] - 1
    p = ((x + 3) / 6).clamp(0, 1) * last
    left = p.detach().floor().clamp(max=last - 1).long()
    w, c = p - left, torch.arange(x.shape[1])
    return knots[c, left] * (1 - w) + knots[c, left + 1] * w


@layer(
    """
    layer: hypernetwork
    doc: A small network writes the weights of another for each sample (Ha et al. 2017), the weights laid out in one row.
    inputs: {s: [B, S], x: [B, I]}
    params: {W: [S, O*I + O], b: [O*I + O]}
    where:
      theta: tanh(s @ W + b)
    indices: {o: O, i: I}
    outputs:
      y[b_, o]: Sum(theta[b_, o*I + i]*x[b_, i], i) + theta[b_, O*I + o]
    """,
    {"B": 2, "S": 3, "I": 4, "O": 2},
    {"B": 1, "S": 1, "I": 1, "O": 1},
)
def hypernetwork(s, x, W, b):
    theta = torch.tanh(s @ W + b)
    inner = x.shape[1]
    out = theta.shape[1] // (inner + 1)
    return torch.einsum("boi,bi->bo", theta[:, : out * inner].view(-1, out, inner), x) + theta[:, out * inner :]


@layer(
    """
    layer: film
    doc: "Feature-wise modulation with the condition's scale and shift side by side in one product (Perez et al. 2018), after an instance norm."
    inputs: {x: [B, C, L], z: [B, Z]}
    params: {W: [Z, 2*C], b: [2*C]}
    hyperparameters: {eps: 1e-5}
    indices: {c: C}
    where:
      gb[n, k]: Sum(z[n, j]*W[j, k], j) + b[k]
      hat[n, c, l]: (x[n, c, l] - Mean(x[n, c, m], m))/sqrt(Var(x[n, c, m], m) + eps)
    outputs:
      y[n, c, l]: (1 + gb[n, c])*hat[n, c, l] + gb[n, C + c]
    """,
    {"B": 2, "C": 3, "L": 4, "Z": 2},
    {"B": 1, "C": 1, "L": 2, "Z": 1},
)
def film(x, z, W, b):
    scale, shift = (z @ W + b).chunk(2, 1)
    return (1 + scale)[..., None] * F.instance_norm(x) + shift[..., None]


@layer(
    """
    layer: capsule_routing
    doc: "Dynamic routing by agreement in R rounds, a recurrence over the rounds (Sabour et al. 2017)."
    inputs: {u: [I, D]}
    params: {W: [I, J, D, E]}
    hyperparameters: {R: 3, eps: 1e-8}
    indices: {r: R}
    where:
      hat[i, j, e]: Sum(u[i, d]*W[i, j, d, e], d)
      b[-1, i, j]: 0
      c[r, i, j]: Softmax(b[r - 1, i, j], j)
      s[r, j, e]: Sum(c[r, i, j]*hat[i, j, e], i)
      n2[r, j]: Sum(s[r, j, e]**2, e) + eps
      v[r, j, e]: n2[r, j]/(1 + n2[r, j])*s[r, j, e]/sqrt(n2[r, j])
      b[r, i, j]: b[r - 1, i, j] + Sum(hat[i, j, e]*v[r, j, e], e)
    outputs:
      out[j, e]: v[R - 1, j, e]
    """,
    {"I": 3, "D": 2, "J": 2, "E": 4},
    {"I": 1, "D": 1, "J": 1, "E": 1},
)
def capsule_routing(u, W):
    hat = torch.einsum("id,ijde->ije", u, W)
    b = torch.zeros(hat.shape[:2], dtype=u.dtype)
    for _ in range(3):
        s = torch.einsum("ij,ije->je", b.softmax(1), hat)
        n2 = (s**2).sum(1, keepdim=True) + 1e-8
        v = n2 / (1 + n2) * s / n2.sqrt()
        b = b + torch.einsum("ije,je->ij", hat, v)
    return v


@layer(
    """
    layer: perceiver_block
    doc: Latents look at the input, then at themselves; the same mixing layer is called twice with shared weights (Jaegle et al. 2021).
    inputs: {z: [M, D], x: [N, D]}
    params: {Wq: [D, D], Wk: [D, D], Wv: [D, D]}
    where:
      qa: z @ Wq
      ka: x @ Wk
      va: x @ Wv
      za: z + attention(qa, ka, va)
      zb: za + attention(za @ Wq, za @ Wk, za @ Wv)
    outputs:
      out: zb - mean(zb, axis=1, keepdims=True)
    """,
    {"M": 2, "N": 4, "D": 3},
    {"M": 1, "N": 1, "D": 1},
)
def perceiver_block(z, x, Wq, Wk, Wv):
    z = z + F.scaled_dot_product_attention(z @ Wq, x @ Wk, x @ Wv)
    z = z + F.scaled_dot_product_attention(z @ Wq, z @ Wk, z @ Wv)
    return z - z.mean(1, keepdim=True)


@layer(
    """
    layer: memory_read
    doc: A neural Turing machine's addressing, by content, interpolation, a circular shift and sharpening (Graves et al. 2014, eq. 5-9).
    inputs: {M: [N, D], k: [D], before: [N], beta: [], g: [], s: [3], gamma: []}
    hyperparameters: {eps: 1e-8}
    where:
      near[n]: Sum(M[n, d]*k[d], d)/(Norm(M[n, d], d)*Norm(k[d], d) + eps)
      wc[n]: Softmax(softplus(beta)*near[n], n)
      wg[n]: sigmoid(g)*wc[n] + (1 - sigmoid(g))*before[n]
      ws[n]: Sum(wg[(n - j + 1 + N) % N]*Softmax(s[j], j), j)
      sharp[n]: ws[n]**(1 + softplus(gamma))
      w[n]: sharp[n]/Sum(sharp[m], m)
    outputs:
      weights[n]: w[n]
      r[d]: Sum(w[n]*M[n, d], n)
    """,
    {"N": 4, "D": 3},
    {"N": 2, "D": 1},
    before=simplex,
)
def memory_read(M, k, before, beta, g, s, gamma):
    near = M @ k / (M.norm(dim=1) * k.norm() + 1e-8)
    wg = torch.sigmoid(g) * (F.softplus(beta) * near).softmax(0) + (1 - torch.sigmoid(g)) * before
    turn = s.softmax(0)
    ws = turn[0] * wg.roll(-1) + turn[1] * wg + turn[2] * wg.roll(1)
    sharp = ws ** (1 + F.softplus(gamma))
    w = sharp / sharp.sum()
    return w, w @ M
