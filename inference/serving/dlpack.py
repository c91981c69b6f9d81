"""Hands numpy arrays to Triton's Python backend, by DLPack.

The backend's stub (Triton 24.10) renames the capsule it consumes in a way that numpy's own capsule
complains of on stderr, once a tensor; ONNX Runtime's does not.
"""

from __future__ import annotations

import numpy as np
from onnxruntime import OrtValue


def exported(values: np.ndarray) -> OrtValue:
    """Return what ``Tensor.from_dlpack`` takes for these values: any shape, of a numeric type.

    The values are copied into memory of ONNX Runtime's own: Triton reads them after the caller's
    array is gone.
    """
    owned = OrtValue.ortvalue_from_shape_and_type(values.shape, values.dtype, "cpu")
    owned.update_inplace(np.ascontiguousarray(values))
    return owned
