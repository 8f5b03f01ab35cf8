"""Convolutions, pools, paddings, resampling."""

import torch
import torch.nn.functional as F

from tests.library.cases.case import Case, normal


def _windows(x, kernel, stride=1, padding=0, dilation=1):
    n, c, h, w = x.shape
    p = (h + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    q = (w + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return F.unfold(x, kernel, dilation, padding, stride).reshape(n, c, kernel, kernel, p, q)


def _overlap(x, stride):
    n, k, p = x.shape
    size = (p - 1) * stride + k
    return F.fold(x, (1, size), (1, k), stride=(1, stride)).reshape(n, size)


def _causal(x, w, b, dilation):
    reach = dilation * (w.shape[2] - 1)
    return F.conv1d(F.pad(x, (reach, 0)), w.flip(2), b, dilation=dilation)


def _separable(x, u, bu, v, bv, padding):
    return F.conv2d(F.conv2d(x, u[:, None], bu, padding=padding, groups=len(u)), v[:, :, None, None], bv)


_LINE = {"x": normal(2, 3, 9), "w": normal(4, 3, 3), "b": normal(4)}
_IMAGE = {"x": normal(2, 3, 7, 6), "w": normal(4, 3, 3, 2), "b": normal(4)}
_VOLUME = {"x": normal(1, 2, 5, 4, 4), "w": normal(3, 2, 2, 3, 2), "b": normal(3)}
_GROUPS = {"x": normal(2, 4, 6, 5), "w": normal(6, 2, 3, 2), "b": normal(6)}
_UP = {"x": normal(2, 3, 4), "w": normal(3, 2, 3), "b": normal(2)}
_UP2 = {"x": normal(2, 3, 3, 4), "w": normal(3, 2, 3, 2), "b": normal(2)}
_DEPTH = {"x": normal(2, 3, 6, 5), "w": normal(3, 3, 2), "b": normal(3)}
_SEPARABLE = {"x": normal(2, 3, 5, 4), "u": normal(3, 3, 2), "bu": normal(3), "v": normal(4, 3), "bv": normal(4)}

CASES = [
    *(
        Case("conv1d", lambda x, w, b, **o: F.conv1d(x, w, b, **o), _LINE, options)
        for options in ({}, {"stride": 2, "padding": 1}, {"padding": 2, "dilation": 2}, {"stride": 3, "padding": 2, "dilation": 2})
    ),
    *(
        Case("conv2d", lambda x, w, b, **o: F.conv2d(x, w, b, **o), _IMAGE, options)
        for options in ({}, {"padding": 1}, {"stride": 2, "padding": 1}, {"stride": 2, "padding": 2, "dilation": 2})
    ),
    *(Case("conv3d", lambda x, w, b, **o: F.conv3d(x, w, b, **o), _VOLUME, options) for options in ({}, {"stride": 2, "padding": 1})),
    *(
        Case("grouped_conv2d", lambda x, w, b, **o: F.conv2d(x, w, b, **o), _GROUPS, options)
        for options in ({"groups": 2}, {"groups": 2, "stride": 2, "padding": 1}, {"groups": 2, "padding": 2, "dilation": 2})
    ),
    *(
        Case("depthwise_conv2d", lambda x, w, b, **o: F.conv2d(x, w[:, None], b, groups=3, **o), _DEPTH, options)
        for options in ({}, {"stride": 2, "padding": 1})
    ),
    Case(
        "pointwise_conv2d",
        lambda x, w, b: F.conv2d(x, w[:, :, None, None], b),
        {"x": normal(2, 3, 2, 4), "w": normal(5, 3), "b": normal(5)},
    ),
    *(Case("separable_conv2d", _separable, _SEPARABLE, options) for options in ({"padding": 0}, {"padding": 1})),
    *(Case("causal_conv1d", _causal, _LINE, options) for options in ({"dilation": 1}, {"dilation": 2})),
    *(
        Case("conv_transpose1d", lambda x, w, b, **o: F.conv_transpose1d(x, w, b, **o), _UP, options)
        for options in ({"stride": 1}, {"stride": 2, "padding": 1, "output_padding": 1}, {"stride": 3, "padding": 1})
    ),
    *(
        Case("conv_transpose2d", lambda x, w, b, **o: F.conv_transpose2d(x, w, b, **o), _UP2, options)
        for options in ({"stride": 1}, {"stride": 2, "padding": 1, "output_padding": 1})
    ),
    *(
        Case(
            "max_pool1d", lambda x, kernel, stride, padding: F.max_pool1d(x, kernel, stride, padding), {"x": normal(2, 3, 9)}, options, mode
        )
        for options in ({"kernel": 2, "stride": 2, "padding": 0}, {"kernel": 3, "stride": 2, "padding": 1})
        for mode in (None, "first")
    ),
    *(
        Case("max_pool2d", lambda x, kernel, stride, padding: F.max_pool2d(x, kernel, stride, padding), {"x": normal(2, 3, 7, 6)}, options)
        for options in ({"kernel": 2, "stride": 2, "padding": 0}, {"kernel": 3, "stride": 2, "padding": 1})
    ),
    *(
        Case("avg_pool1d", lambda x, kernel, stride, padding: F.avg_pool1d(x, kernel, stride, padding), {"x": normal(2, 3, 9)}, options)
        for options in ({"kernel": 2, "stride": 2, "padding": 0}, {"kernel": 3, "stride": 2, "padding": 1})
    ),
    *(
        Case("avg_pool2d", lambda x, kernel, stride, padding: F.avg_pool2d(x, kernel, stride, padding), {"x": normal(2, 3, 7, 6)}, options)
        for options in ({"kernel": 2, "stride": 2, "padding": 0}, {"kernel": 3, "stride": 1, "padding": 1})
    ),
    Case(
        "lp_pool2d",
        lambda x, p, kernel, stride: F.lp_pool2d(x, p, kernel, stride),
        {"x": normal(2, 3, 5, 4)},
        {"p": 2.0, "kernel": 2, "stride": 2},
    ),
    Case("global_avg_pool2d", lambda x: x.mean((2, 3)), {"x": normal(2, 3, 4, 5)}),
    Case("global_max_pool2d", lambda x: x.amax((2, 3)), {"x": normal(2, 3, 4, 5)}),
    *(
        Case("adaptive_avg_pool1d", lambda x, size: F.adaptive_avg_pool1d(x, size), {"x": normal(2, 3, 7)}, options)
        for options in ({"size": 3}, {"size": 5})
    ),
    *(
        Case("unfold2d", _windows, {"x": normal(2, 3, 5, 6)}, options)
        for options in ({"kernel": 2}, {"kernel": 3, "stride": 2, "padding": 1}, {"kernel": 2, "padding": 1, "dilation": 2})
    ),
    *(Case("fold1d", _overlap, {"x": normal(2, 3, 4)}, options) for options in ({"stride": 1}, {"stride": 2})),
    Case("zero_pad1d", lambda x, padding: F.pad(x, (padding, padding)), {"x": normal(2, 3, 5)}, {"padding": 2}),
    Case("reflect_pad1d", lambda x, padding: F.pad(x, (padding, padding), "reflect"), {"x": normal(2, 3, 5)}, {"padding": 3}),
    Case("replicate_pad1d", lambda x, padding: F.pad(x, (padding, padding), "replicate"), {"x": normal(2, 3, 5)}, {"padding": 3}),
    Case("circular_pad1d", lambda x, padding: F.pad(x, (padding, padding), "circular"), {"x": normal(2, 3, 5)}, {"padding": 3}),
    Case("flip", lambda x: x.flip(-1), {"x": normal(2, 3, 5)}),
    *(Case("roll", lambda x, shift: torch.roll(x, shift, -1), {"x": normal(2, 3, 5)}, {"shift": shift}) for shift in (2, -1)),
    Case("pixel_shuffle", lambda x, r: F.pixel_shuffle(x, r), {"x": normal(2, 8, 2, 3)}, {"r": 2}),
    Case("channel_shuffle", lambda x, groups: F.channel_shuffle(x, groups), {"x": normal(2, 6, 2, 3)}, {"groups": 3}),
    Case("upsample_nearest2d", lambda x, scale: F.interpolate(x, scale_factor=scale), {"x": normal(2, 3, 2, 4)}, {"scale": 3}),
    *(
        Case("interpolate_linear1d", lambda x, size: F.interpolate(x, size, mode="linear"), {"x": normal(2, 3, 5)}, {"size": size})
        for size in (7, 3)
    ),
    Case(
        "interpolate_bilinear2d",
        lambda x, height, width: F.interpolate(x, (height, width), mode="bilinear"),
        {"x": normal(2, 3, 4, 5)},
        {"height": 7, "width": 3},
    ),
]
