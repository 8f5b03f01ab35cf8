"""What a generated module checks before any work."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _tensor(name, value, kind, axes):
    """The argument as an array; its kind of number and its rank are checked."""
    array = _array(name, value)
    kinds = {"float": "f", "integer": "iu", "bool": "b"}[kind]
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} holds {array.dtype}, expected {kind} elements")
    rank = axes.count(",") + 1 if axes != "[]" else 0
    least = rank - 1 if axes.startswith("[...") else rank
    if array.ndim < least or (array.ndim != rank and not axes.startswith("[...")):
        shape = list(array.shape)
        raise ValueError(f"{name} has shape {shape}, expected {axes}")
    return array


def _array(name, value):
    """The value as an array."""
    try:
        array = np.asarray(value)
    except ValueError as fault:
        raise ValueError(f"{name} is no array: {fault}") from fault
    if array is not value and np.ma.is_masked(value):
        raise TypeError(f"{name} is masked in places, expected an array without gaps")
    return array


def _axis(name, array, axis, size, source):
    """The size of an axis is what another argument says."""
    if array.shape[axis] != size:
        raise ValueError(
            f"{name} has shape {list(array.shape)}: axis {axis} is {array.shape[axis]}, expected {source} = {size}"
        )


def _labels(name, array, count, source, also=()):
    """Integers in 0 … count-1 (or among `also`)."""
    valid = (array >= 0) & (array < count)
    for other in also:
        valid |= array == other
    if not valid.all():
        place = np.unravel_index(np.argmin(valid), array.shape)
        index = ", ".join(map(str, place))
        raise ValueError(
            f"{name}[{index}] is {array[place]}, expected 0 … {count - 1}, below {source} = {count}"
        )


def _room(formula, size, least=0):
    """A size that the others leave room for."""
    if size < least:
        raise ValueError(f"the size {formula} is {size}, expected at least {least}")


def _range(name, axis, low, high, size):
    """Positions that are read lie within the axis."""
    if low <= high and (low < 0 or high >= size):
        raise ValueError(
            f"{name} is read at {low} … {high} on axis {axis}, which has positions 0 … {size - 1}"
        )


def _upstream(name, value, shape, dtype):
    """The gradient by an output, with exactly the output's shape."""
    array = _array(name, value)
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} holds {array.dtype}, expected float elements")
    return array.astype(dtype, copy=False)


def _upstream_or_zero(name, value, shape, dtype):
    """The gradient by one of several outputs; None is zero."""
    if value is None:
        return np.zeros(shape, dtype)
    return _upstream(name, value, shape, dtype)


def _worked(dtype, *arrays):
    """The arrays in the type of the work."""
    return [a if a.dtype == dtype else a.astype(dtype) for a in arrays]


def _sealed(array):
    """The array, read-only: the cache holds the same memory."""
    array = array.view()
    array.flags.writeable = False
    return array


def _typed(arrays, dtypes):
    """The arrays, each in its dtype."""
    return [np.asarray(a, dtype) for a, dtype in zip(arrays, dtypes, strict=True)]


def _leading(name, found, lead, source):
    """The leading axes are those of another argument."""
    if found != lead:
        raise ValueError(
            f"{name} has leading axes {found}, expected {lead} of {source}"
        )


def _kept(cache, kinds):
    """The cache is one that this module's forward returned."""
    if not isinstance(cache, kinds):
        found = type(cache).__name__
        raise TypeError(f"cache is a {found}, expected what forward returned")
