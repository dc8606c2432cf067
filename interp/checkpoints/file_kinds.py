"""What a file of weights is by its first bytes, and for the many that are none that we read: what it is, and
what to do."""

import os
from pathlib import Path
from typing import Literal

from interp.checkpoints.weights import regular, short
from interp.errors import PuzzlescopeError

WEIGHT_ENDINGS = (".pth", ".pt", ".bin", ".ckpt", ".safetensors")

LARGEST_FILE = 4 << 30
"""Bytes: eight times what the largest published model has with its optimizer's state in float32."""

OLD_FORMAT = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
"""How files of PyTorch before 1.6 begin, and those saved with ``_use_new_zipfile_serialization=False``."""

Kind = Literal["torch", "safetensors"]

_PYTORCH = (
    "which is not read: convert it where it was made, and save the weights with torch.save(state_dict, FILE)"
)
_UNPACK = "is compressed: unpack it first, and give the file of weights inside"
_HDF5 = f"is a file of HDF5, as Keras and TensorFlow write, {_PYTORCH}"
_LLAMA = f"is a GGUF file of llama.cpp, {_PYTORCH}"
_TENSORFLOW = f"is a checkpoint of TensorFlow, {_PYTORCH}"
_STARTS = {
    b"version https://git-lfs": (
        "is a pointer of Git LFS, not the file itself: run `git lfs pull` in its repository"
    ),
    b"\x1f\x8b": _UNPACK,
    b"BZh": _UNPACK,
    b"\xfd7zXZ": _UNPACK,
    b"\x28\xb5\x2f\xfd": _UNPACK,
    b"7z\xbc\xaf": _UNPACK,
    b"Rar!": _UNPACK,
    b"GGUF": _LLAMA,
    b"\x89HDF": _HDF5,
    b"\x93NUMPY": f"is a NumPy array, {_PYTORCH}",
    b"PAR1": "is a table of Parquet, not a model: give it as puzzles",
}
_ENDINGS = {
    ".onnx": f"is a model of ONNX, {_PYTORCH}",
    ".gguf": _LLAMA,
    ".h5": _HDF5,
    ".keras": f"is a model of Keras, {_PYTORCH}",
    ".msgpack": f"is a checkpoint of JAX, {_PYTORCH}",
    ".pb": _TENSORFLOW,
    ".tflite": _TENSORFLOW,
    ".index": _TENSORFLOW,
    ".data-00000-of-00001": _TENSORFLOW,
}
_PICKLE = (
    "is a pickle, but not one of torch.save, and was not opened: where it was made, save the weights with"
    " torch.save(model.state_dict(), FILE)"
)


def kind_of(path: Path) -> Kind:
    """Which reader a file is for, by its first bytes.

    Raises:
        PuzzlescopeError: if it is for none: what it is instead, as far as can be told, and what to do.
    """
    try:
        with regular(path).open("rb") as file:
            size, head = os.fstat(file.fileno()).st_size, file.read(512)
    except OSError as error:
        raise PuzzlescopeError(f"{path} cannot be read: {short(error.strerror or error)}.") from error
    if size > LARGEST_FILE:
        raise PuzzlescopeError(
            f"{path} has {size / 2**30:.1f} GiB, and at most {LARGEST_FILE >> 30} are read: save the weights"
            " alone, torch.save(model.state_dict(), FILE)."
        )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", OLD_FORMAT)):
        return "torch"
    known = _known(path.name.lower(), head)
    if known is not None:
        raise PuzzlescopeError(f"{path} {known}.")
    if head[8:9] == b"{" or path.name.lower().endswith(".safetensors"):
        return "safetensors"
    raise PuzzlescopeError(
        f"{path} is not a file of weights: expected one that torch.save or safetensors wrote, whole."
    )


def _known(name: str, head: bytes) -> str | None:
    """What a file is that we do not read, and what to do: the end of a sentence."""
    if not head:
        return "is empty: copy or download it again"
    for start, said in _STARTS.items():
        if head.startswith(start):
            return said
    if head[257:262] == b"ustar":
        return "is a tar archive: unpack it first, and give the file of weights inside"
    if len(head) > 1 and head[0] == 0x80 and head[1] in range(1, 6):
        return _PICKLE
    if len(head) == 512 and not any(head):
        return "begins with nothing but zeros, as a broken download leaves it: copy or download it again"
    text = _as_text(head)
    if text is not None:
        return text
    return next((said for ending, said in _ENDINGS.items() if name.endswith(ending)), None)


def _as_text(head: bytes) -> str | None:
    """What a file of text is; None if it is none."""
    text = head.decode("utf-8-sig", errors="ignore").strip()
    if len(text.encode()) < len(head.strip()) - 6 or not all(c.isprintable() or c.isspace() for c in text):
        return None
    if text.startswith("<"):
        return (
            "is a web page, saved in place of the file: download the file itself (on the Hugging Face hub,"
            " the link with resolve in place of blob)"
        )
    return (
        f"is text, which begins {short(repr(text), 60)}, not a file of weights: give the file of weights"
        f" itself"
    )
