"""Files of torch.save: as people save them, and as nobody should."""

import argparse
import os
import pickle
import struct
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from interp.checkpoints import checkpoint_id, convert, load_model
from interp.checkpoints.file_kinds import OLD_FORMAT
from interp.errors import PuzzlescopeError
from tests.support.checkpoint_files import (
    SMALL,
    TINY,
    TINY_ID,
    assert_is_the_reference,
    random_model,
    refused,
    saved,
    tiny_state,
)

# ---- as people save them -----------------------------------------------------------------------------------


def prefixed(prefix: str) -> dict[str, Any]:
    return {prefix + name: weight for name, weight in tiny_state().items()}


class Gpt(nn.Module):
    """The tiny model's weights as parameters of a module, under the public format's names."""

    def __init__(self) -> None:
        super().__init__()
        for name, weight in tiny_state().items():
            *path, last = name.split(".")
            place: nn.Module = self
            for part in path:
                if part not in place._modules:
                    place.add_module(part, nn.Module())
                place = place._modules[part]  # type: ignore[assignment]
            place.register_parameter(last, nn.Parameter(weight))


def trained() -> dict[str, Any]:
    """What a training loop saves: a model, its optimizer's state, a schedule, random states, a history."""
    moments = {name: torch.rand_like(w) for name, w in tiny_state().items()}
    state = {
        n: {"step": torch.tensor(5.0), "exp_avg": m, "exp_avg_sq": m**2}
        for n, m in enumerate(moments.values())
    }
    return {
        "epoch": 7,
        "model_state_dict": Gpt().state_dict(),
        "optimizer_state_dict": {"state": state, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.95)}]},
        "scheduler": {"milestones": Counter({3: 1, 5: 1}), "last_epoch": 4},
        "rng": torch.get_rng_state(),
        "numpy_rng": np.random.default_rng(1).bit_generator.state,
        "losses": [0.5] * 1000,
        "best": np.float32(0.25),
        "args": {"lr": 1e-3, "name": "Noël", "tuned": True, "tags": {"a", "b"}, "none": None},
    }


SAVED = {
    "DistributedDataParallel": lambda: (prefixed("module."), 0.5),
    "torch.compile": lambda: (prefixed("_orig_mod."), 0.5),
    "both": lambda: prefixed("module._orig_mod."),
    "both, the other way round": lambda: prefixed("_orig_mod.module."),
    "again and again": lambda: prefixed("module.module._orig_mod.module."),
    "Lightning": lambda: {"state_dict": prefixed("model."), "hyper_parameters": {"lr": 0.1}, "epoch": 3},
    "DeepSpeed": lambda: {"module": prefixed("_forward_module.model.")},
    "any name": lambda: {"state_dict": prefixed("student.net.")},
    "compiled parts": lambda: {k.replace("trunk.", "trunk._orig_mod."): v for k, v in tiny_state().items()},
    "FSDP": lambda: {k.replace(".f.", "._fsdp_wrapped_module.f.", 1): v for k, v in tiny_state().items()},
    "AveragedModel": lambda: prefixed("module.") | {"n_averaged": torch.tensor(9)},
    "model": lambda: {"model": tiny_state()},
    "state_dict": lambda: {"state_dict": tiny_state()},
    "model_state_dict": lambda: {"model_state_dict": tiny_state(), "epoch": 1},
    "nested": lambda: {"checkpoint": {"model": {"state_dict": prefixed("module.")}}, "step": 1},
    "dictionary in a tuple": lambda: ({"model": tiny_state(), "optimizer": {"lr": 0.1}}, 0.5),
    "a training": trained,
    "twice the same": lambda: dict.fromkeys(("last", "best"), tiny_state()),
    "one after the other": lambda: {
        "model": (state := tiny_state()),
        "same": {k: v[:] for k, v in state.items()},
    },
    "(state, accuracy, epoch)": lambda: (tiny_state(), 0.5, 12),
    "(epoch, state, accuracy)": lambda: (12, tiny_state(), 0.5),
    "a list of four": lambda: [tiny_state(), 0.5, {"lr": 0.1}, "name"],
    "(state, None)": lambda: (tiny_state(), None),
    "a tensor as accuracy": lambda: [tiny_state(), torch.tensor(0.25)],
    "OrderedDict": lambda: OrderedDict(tiny_state()),
    "Parameters": lambda: {name: nn.Parameter(w) for name, w in tiny_state().items()},
    "a module's own": lambda: Gpt().state_dict(),
    "NumPy float64": lambda: (tiny_state(), np.float64(0.5)),
    "NumPy float32 and int64": lambda: (tiny_state(), np.float32(0.5), np.int64(7)),
    "NumPy bool": lambda: {"model": tiny_state(), "best": np.bool_(True)},
    "NumPy arrays": lambda: {"model": tiny_state(), "losses": np.linspace(0, 1, 50), "seen": np.arange(9)},
    "NumPy array in Fortran's order": lambda: (tiny_state(), np.asfortranarray(np.eye(3, dtype=np.float16))),
    "a Counter": lambda: {"model": tiny_state(), "seen": Counter("abca")},
    "an epoch among the weights": lambda: tiny_state() | {"epoch": 7, "name": "x"},
    "a step of NumPy's among the weights": lambda: (
        tiny_state() | {"step": np.int64(4), "best": np.bool_(True)}
    ),
    "float64": lambda: {name: w.double() for name, w in tiny_state().items()},
    "slices of one tensor": lambda: {
        name: torch.cat([w.flatten(), torch.ones(9)])[: w.numel()].view(w.shape)
        for name, w in tiny_state().items()
    },
    "transposed in memory": lambda: {
        name: w.t().contiguous().t() if w.ndim == 2 else w for name, w in tiny_state().items()
    },
}


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
@pytest.mark.parametrize("how", SAVED)
def test_as_people_save_them(tmp_path: Path, how: str, old: bool):
    """Every way gives the weights of the file whose logits are the original code's."""
    path = tmp_path / "x.pth"
    torch.save(SAVED[how](), path, _use_new_zipfile_serialization=not old)
    assert path.read_bytes().startswith(OLD_FORMAT if old else b"PK")
    model = load_model(path)
    assert model.checkpoint_id == TINY_ID and model.cfg.n_heads == 4


@pytest.mark.parametrize("ending", ["pt", "bin", "ckpt", "tar", "PTH", "weights"])
def test_the_ending_does_not_matter(tmp_path: Path, ending: str):
    path = saved(tmp_path / f"x.{ending}", tiny_state())
    assert load_model(path).checkpoint_id == TINY_ID


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e5m2])
def test_low_precision_becomes_float32(tmp_path: Path, dtype: torch.dtype):
    state = {name: weight.to(dtype) for name, weight in tiny_state().items()}
    loaded = load_model(saved(tmp_path / "x.pth", state)).state_dict()
    assert torch.equal(loaded["unembed.b_U"], state["readout.f.bias"].float())
    assert {weight.dtype for weight in loaded.values()} == {torch.float32}


def test_our_own_state_dict(tmp_path: Path):
    """By torch.save, under our names, with the positions or without."""
    model = random_model(SMALL)
    state = model.state_dict()
    for number, content in enumerate(
        (
            state,
            {"model": {f"_orig_mod.{k}": w for k, w in state.items()}},
            state | {"pos_embed.W_pos": model.W_pos},
        )
    ):
        loaded = load_model(saved(tmp_path / f"{number}.pth", content))
        assert loaded.cfg == SMALL and loaded.checkpoint_id == checkpoint_id(model)
    other = saved(tmp_path / "other.pth", state | {"pos_embed.W_pos": model.W_pos.roll(1, 0)})
    refused(lambda: load_model(other), "pos_embed.W_pos", "sinusoids")
    refused(
        lambda: load_model(saved(other, state | {"blocks.0.attn.b_Q": torch.zeros(2, 4)})), "also has", "b_Q"
    )
    wrong = state | {"blocks.0.attn.W_Q": torch.zeros(8, 8)}
    refused(lambda: load_model(saved(other, wrong)), "W_Q", "[head, d_model, width]", "[8, 8]")


def test_saved_from_a_gpu(tmp_path: Path):
    """The file says where its numbers were; it need not be here."""
    sound = saved(tmp_path / "cpu.pth", tiny_state())
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(tmp_path / "gpu.pth", "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:3")
            new.writestr(name, content)
    assert b"cuda:3" in (tmp_path / "gpu.pth").read_bytes()
    assert_is_the_reference(load_model(tmp_path / "gpu.pth"))


def test_scalars_of_older_numpy(tmp_path: Path):
    """NumPy 1 calls the same functions by other names."""
    sound = saved(tmp_path / "new.pth", (tiny_state(), np.float64(0.5), np.arange(3)))
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(tmp_path / "old.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"numpy._core.multi", b"numpy.core.multi"))
    assert b"numpy.core.multiarray" in (tmp_path / "old.pth").read_bytes()
    assert load_model(tmp_path / "old.pth").checkpoint_id == TINY_ID


def test_tied_weights_count_once(tmp_path: Path):
    """The embedding as the unembedding, all LayerNorms one: a file smaller than the numbers that it means."""
    state, ones = tiny_state(), torch.ones(64)
    apart = {n: ones.clone() if n.endswith("f.0.weight") and w.ndim == 1 else w for n, w in state.items()}
    apart["readout.f.weight"] = apart["embedding.0.f.0.weight"].clone()
    tied = {n: ones if torch.equal(w, ones) else w for n, w in apart.items()}
    tied["readout.f.weight"] = tied["embedding.0.f.0.weight"]
    first, second = saved(tmp_path / "apart.pth", apart), saved(tmp_path / "tied.pth", tied)
    assert second.stat().st_size < first.stat().st_size
    assert load_model(first).checkpoint_id == load_model(second).checkpoint_id
    model = load_model(second)
    with torch.no_grad():
        model.W_E[0, 0] += 1  # they are weights of their own now
    assert model.W_E[0, 0] != model.W_U[0, 0]


def test_smaller_than_its_numbers(tmp_path: Path):
    """One block of numbers for all matrices: the file is smaller than the model, and a valid checkpoint."""
    block = torch.randn(64 * 96)
    state = {name: block[: w.numel()].view(w.shape) for name, w in tiny_state().items()}
    path = saved(tmp_path / "x.pth", state)
    model = load_model(path)
    assert 4 * model.n_params > 5 * path.stat().st_size
    assert torch.equal(model.b_U, block[:15])


@pytest.mark.parametrize(
    ("content", "accuracy"),
    [
        (lambda: (tiny_state(), 0.25), "0.25"),
        (lambda: (tiny_state(), np.float64(0.25)), "0.25"),
        (lambda: (tiny_state(), 0.25, 7), "0.25"),
        (lambda: ({"model": tiny_state(), "epoch": 3}, 0.25), "0.25"),
        (lambda: {"model": tiny_state(), "accuracy": 0.25}, "0.25"),
        (lambda: {"model": tiny_state(), "epoch": 3}, "none"),
        (lambda: (tiny_state(), "good"), "none"),
        (lambda: tiny_state(), "none"),
    ],
)
def test_accuracy_beside_the_weights(tmp_path: Path, content: Callable[[], object], accuracy: str):
    path = saved(tmp_path / "x.pth", content())
    card = (convert(path, tmp_path / "made") / "README.md").read_text()
    assert f"accuracy recorded in it: {accuracy}\n" in card and "the same numbers, in float32" in card


def test_conversion_says_that_it_rounds(tmp_path: Path):
    path = saved(tmp_path / "x.pth", {name: w.double() for name, w in tiny_state().items()})
    assert "rounded to float32" in (convert(path, tmp_path / "made") / "README.md").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            lambda: {"model": tiny_state(), "ema": {k: 2 * w for k, w in tiny_state().items()}},
            ["2 models", "model, ema"],
        ),
        (lambda: prefixed("teacher.") | prefixed("student."), ["2 models", "'teacher.'", "'student.'"]),
        (
            lambda: tiny_state() | {"module.readout.f.bias": torch.zeros(15)},
            ["two weights", "readout.f.bias"],
        ),
        (lambda: prefixed("model.") | {"head.weight": torch.zeros(3)}, ["also has", "head.weight"]),
    ],
)
def test_more_than_one_model(tmp_path: Path, content: Callable[[], object], words: list[str]):
    """Which one is meant is not guessed."""
    refused(lambda: load_model(saved(tmp_path / "x.pth", content())), *words)


@pytest.mark.parametrize("default", ["dtype", "meta", "context", "inference"])
def test_defaults_of_the_caller(tmp_path: Path, default: str):
    """float32 on the CPU, to be trained and edited, whatever a notebook has set."""
    paths = (
        TINY,
        convert(TINY, tmp_path / "folder"),
        saved(tmp_path / "own.pth", random_model(SMALL).state_dict()),
    )
    expected = [load_model(path).checkpoint_id for path in paths]
    try:
        if default == "dtype":
            torch.set_default_dtype(torch.float64)
        if default == "meta":
            torch.set_default_device("meta")
        place = torch.device("meta") if default == "context" else nullcontext()
        with place, torch.inference_mode(default == "inference"):
            models = [load_model(path) for path in paths]
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
    assert [model.checkpoint_id for model in models] == expected
    for model in models:
        tensors = [*model.parameters(), model.W_pos]
        assert {(w.dtype, w.device.type, w.is_inference()) for w in tensors} == {
            (torch.float32, "cpu", False)
        }


def test_nothing_stays_allowed():
    """NumPy's names are allowed for this reading only; what a caller allowed himself stays allowed."""
    before = set(torch.serialization.get_safe_globals())
    load_model(TINY)
    assert set(torch.serialization.get_safe_globals()) == before
    with torch.serialization.safe_globals([np.dtype]):
        load_model(TINY)
        assert np.dtype in torch.serialization.get_safe_globals()


def test_huge_numbers(tmp_path: Path):
    """Finite ones are a model, if one that diverges; those that float32 does not know are not."""
    state = tiny_state() | {"readout.f.bias": torch.full((15,), 3e38)}
    assert load_model(saved(tmp_path / "x.pth", state)).b_U[0] == torch.tensor(3e38)
    state["readout.f.bias"] = torch.full((15,), 1e300, dtype=torch.float64)
    message = refused(
        lambda: load_model(saved(tmp_path / "x.pth", state)), "float32", "too large", "unembed.b_U"
    )
    assert "damaged" not in message
    state["readout.f.bias"] = torch.full((15,), torch.inf)
    refused(lambda: load_model(saved(tmp_path / "x.pth", state)), "diverged", "finite", "unembed.b_U")


# ---- what cannot be had safely -----------------------------------------------------------------------------

ALONE = "torch.save(model.state_dict(), FILE)"


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (Gpt, "test_torch_files.Gpt"),
        (lambda: {"model": Gpt()}, "test_torch_files.Gpt"),
        (lambda: {"model": tiny_state(), "args": argparse.Namespace(lr=1)}, "argparse.Namespace"),
        (lambda: {"model": tiny_state(), "path": Path("x")}, "pathlib."),
        (
            lambda: (tiny_state(), np.array([None, "x"], dtype=object)),
            "NumPy array or scalar that is not of numbers",
        ),
        (lambda: (tiny_state(), np.array(["text"])), "NumPy array or scalar that is not of numbers"),
        (lambda: (tiny_state(), bytearray(5)), "bytearray"),
        (lambda: (tiny_state(), nn.Linear(2, 2)), "torch.nn.modules.linear.Linear"),
    ],
)
def test_more_than_weights(tmp_path: Path, content: Callable[[], object], name: str, old: bool):
    """Refused with the name of what is in the way, and how to save the weights without it."""
    torch.save(content(), tmp_path / "x.pth", _use_new_zipfile_serialization=not old)
    whole = old and name.endswith(("Gpt", "Linear"))  # the old format has a word of its own for a module
    message = refused(lambda: load_model(tmp_path / "x.pth"), "a whole model" if whole else name, ALONE)
    assert "again" not in message


def test_program_of_torchscript(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version"):
            archive.writestr(f"x/{name}", pickle.dumps({}, 2))
    refused(lambda: load_model(tmp_path / "x.pt"), "TorchScript", "torch.jit.load(FILE).state_dict()")


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_other_protocols(tmp_path: Path, protocol: int):
    torch.save(tiny_state(), tmp_path / "x.pth", pickle_protocol=protocol)
    refused(lambda: load_model(tmp_path / "x.pth"), f"pickle_protocol={protocol}", "save it again")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.pth", b"", ["is empty"]),
        ("x.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", ["git lfs pull"]),
        (
            "model.safetensors",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ["git lfs pull"],
        ),
        ("x.pth", b"<!DOCTYPE html><html>", ["web page", "resolve"]),
        ("x.pth", b"\n  <html lang='en'>", ["web page"]),
        ("x.pth", b"Entry not found", ["is text", "'Entry not found'"]),
        ("x.pth", b'{"error": "Invalid credentials"}', ["is text", "Invalid credentials"]),
        ("x.pth", "Für später\n".encode(), ["is text", "Für später"]),
        ("x.pth", b"\x1f\x8b\x08\0\0", ["compressed", "unpack"]),
        ("x.pth", b"\0" * 257 + b"ustar\x0000" + b"\0" * 300, ["tar archive", "unpack"]),
        ("x.gguf", b"GGUF\x03\0\0\0", ["GGUF", "torch.save"]),
        ("x.h5", b"\x89HDF\r\n\x1a\n", ["HDF5", "torch.save"]),
        ("x.ckpt", b"\x89HDF\r\n\x1a\n", ["HDF5", "torch.save"]),
        ("x.onnx", b"\x08\x07\x12\x07pytorch\xff\xfe", ["ONNX", "torch.save"]),
        ("flax_model.msgpack", b"\x83\xa5\xff\xfe\x00", ["JAX", "torch.save"]),
        ("saved_model.pb", b"\x08\x01\x12\xff\xfe\x00", ["TensorFlow", "torch.save"]),
        ("x.ckpt.data-00000-of-00001", b"\x08\x01\x12\xff\xfe\x00", ["TensorFlow", "torch.save"]),
        ("x.npy", b"\x93NUMPY\x01\0", ["NumPy array", "torch.save"]),
        ("x.pth", b"PAR1\x15\x04", ["Parquet", "puzzles"]),
        ("x.pkl", pickle.dumps({"a": 1}), ["is a pickle", "not opened", "torch.save"]),
        ("x.pth", b"\x80\x02.", ["is a pickle", "torch.save"]),
        ("x.pth", b"\0" * 600, ["nothing but zeros", "download"]),
        ("x.pth", bytes(range(128, 256)) * 5, ["not a file of weights", "expected"]),
        ("x.pth", b"PK\x03\x04", ["cut off", "copy or download it again"]),
        ("x.pth", OLD_FORMAT, ["cut off", "copy or download it again"]),
    ],
)
def test_file_that_is_no_checkpoint(tmp_path: Path, name: str, content: bytes, words: list[str]):
    """It is said what it is, and what to do about it."""
    (tmp_path / name).write_bytes(content)
    refused(lambda: load_model(tmp_path / name), str(tmp_path / name), *words)


@settings(max_examples=30)
@given(content=st.binary(max_size=600))
def test_anything_at_all_is_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = tmp_path_factory.mktemp("any") / "x.pth"
    for start in (b"", OLD_FORMAT, b"PK\x03\x04"):
        path.write_bytes(start + content)
        refused(lambda: load_model(path))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["word/document.xml"], ["a zip archive, but not a checkpoint"]),
        (["models/gpt_000.pth"], ["models/gpt_000.pth", "unpack it"]),
        (["tokens.npy"], ["NumPy arrays"]),
        (["config.json", "model.weights.h5"], ["Keras"]),
    ],
)
def test_zip_of_something_else(tmp_path: Path, names: list[str], words: list[str]):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    refused(lambda: load_model(tmp_path / "x.pth"), *words)


# ---- bombs -------------------------------------------------------------------------------------------------


def archive_of(path: Path, program: bytes, **records: bytes) -> Path:
    """A file of torch.save with this pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", program)
        archive.writestr("x/version", "3\n")
        for name, content in records.items():
            archive.writestr(f"x/data/{name}", content)
    return path


def old_file_of(path: Path, program: bytes, keys: list[str]) -> Path:
    """The same in the format before."""
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {})]
    path.write_bytes(b"".join(parts) + program + pickle.dumps(keys, 2))
    return path


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def storage(numbers: int, more: bytes = b"") -> bytes:
    """Instructions that refer to a storage "0" of float32."""
    kind = b"ctorch\nFloatStorage\n"
    return b"(" + text("storage") + kind + text("0") + text("cpu") + number(numbers) + more + b"tQ"


def tensor(numbers: int, sizes: list[int], strides: list[int], offset: int = 0) -> bytes:
    shape, step = ((b"(" + b"".join(map(number, row)) + b"t") for row in (sizes, strides))
    rest = b"\x89ccollections\nOrderedDict\n)RtR"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage(numbers) + number(offset) + shape + step + rest


BOMBS = {
    "a call of bytearray(8 GB)": (b"cbuiltins\nbytearray\n" + number(8 << 30) + b"\x85R", "bytearray"),
    "a storage of 8 TB": (tensor(2 << 40, [2 << 40], [1]), "more numbers than it holds"),
    "a storage shorter than its tensor": (tensor(4, [1 << 34], [1]), "more numbers than it holds"),
    "an expanded tensor": (tensor(4, [1 << 34], [0]), "more numbers than it holds"),
    "a tensor that begins behind its storage": (tensor(4, [1], [1], 1 << 40), "more numbers than it holds"),
    "strides beyond its storage": (tensor(4, [2, 2], [1 << 40, 1]), "more numbers than it holds"),
    "a negative size": (tensor(4, [-1], [1]), "impossible size"),
    "a negative storage": (storage(-4), "contradicts"),
    "one storage of two lengths": (b"(" + storage(4) + storage(5) + b"t", "contradicts"),
    "a key a million deep": (b"})" + b"\x85" * 1_000_000 + b"Ns", "nests tuples deeper"),
    "a key of 2^30 parts": (b"})" + b"q\x00h\x00h\x00\x87" * 30 + b"Ns", "nests tuples deeper"),
    "an array of 8 GB": (
        b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n("
        + number(8 << 30)
        + b"t"
        + text("b")
        + b"tR",
        "NumPy array of unknown making",
    ),
    "a NumPy scalar of 1 GB": (b"cnumpy\ndtype\n(" + text("S1000000000") + b"tR", "not of numbers"),
    "a codec": (b"c_codecs\nencode\n(" + text("a" * 99) + text("idna") + b"tR", "encodes text"),
    "a module of its source": (b"(" + text("module") + b"NNNtQ", "whole model"),
    "a reference to a file": (text("../../etc/passwd") + b"Q", "refers to something outside"),
    "instructions of other protocols": (b"\x8c\x01ai\n", "SHORT_BINUNICODE"),
    "an endless list": (b"]" + b"N" * 100 + b"a" * 101, "damaged"),
    "a text that does not end": (b"X\xff\xff\xff\xffabc", "damaged"),
    "nothing on the stack": (b"Ra", "damaged"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(tmp_path: Path, bomb: str):
    """None is given to PyTorch's reader, and none takes memory or time."""
    program, word = BOMBS[bomb]
    program = b"\x80\x02" + program + b"."
    refused(lambda: load_model(archive_of(tmp_path / "x.pth", program, **{"0": bytes(16)})), word)
    word = (
        "its end is missing" if bomb == "a storage of 8 TB" else word
    )  # there it looks like any file cut off
    refused(lambda: load_model(old_file_of(tmp_path / "x.pth", program, ["0"])), word)


def test_the_probe_of_the_bombs_works(tmp_path: Path):
    """The same instructions with sound numbers pass the survey: what is missing then are the weights."""
    program = b"\x80\x02}" + text("readout.f.bias") + tensor(4, [2, 2], [2, 1]) + b"s."
    refused(
        lambda: load_model(archive_of(tmp_path / "x.pth", program, **{"0": bytes(16)})), "it lacks embedding"
    )
    program = program.replace(b"K\x04tQ", b"K\x04NtQ")  # where a storage may be a view of another
    path = old_file_of(tmp_path / "x.pth", program, ["0"])
    refused(lambda: load_model(path), "cut off")
    path.write_bytes(path.read_bytes() + (4).to_bytes(8, "little") + bytes(16))
    refused(lambda: load_model(path), "it lacks embedding")
    path.write_bytes(path.read_bytes()[:-24] + (9).to_bytes(8, "little") + bytes(16))
    refused(lambda: load_model(path), "does not hold the numbers")
    refused(lambda: load_model(old_file_of(path, program, [])), "does not hold the numbers")


def test_archives_that_are_bombs(tmp_path: Path):
    path = tmp_path / "x.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * 10**7)
    refused(lambda: load_model(path), "unpack to more")
    archive_of(path, pickle.dumps(list(range(400_000)), 2))
    refused(lambda: load_model(path), "far more than weights")
    old_file_of(path, pickle.dumps(list(range(400_000)), 2), [])
    refused(lambda: load_model(path), "far more than weights")
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(30):
            archive.writestr(zipfile.ZipInfo(f"x/{n:060000}"), b"")
    refused(lambda: load_model(path), "table of contents")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({}, 2))
        archive.writestr("x/data.pkl", pickle.dumps({}, 2))
    refused(lambda: load_model(path), "unpack to more")


def test_more_than_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A sound file is not called damaged."""
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ...")):
        monkeypatch.setattr(torch, "load", Mock(side_effect=error))
        refused(lambda: load_model(TINY), "more memory than there is", ALONE)


def test_attributes_that_hide_a_dictionary_s_own(tmp_path: Path):
    """What a file may set on an OrderedDict is never called."""
    state = OrderedDict(tiny_state())
    state.name, state.names = 3, 4
    sound = saved(tmp_path / "sound.pth", state)
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(tmp_path / "x.pth", "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(text("name"), text("keys")).replace(text("names"), text("items"))
            new.writestr(name, content)
    assert load_model(tmp_path / "x.pth").checkpoint_id == TINY_ID


def test_shared_numbers_that_unfold_without_end(tmp_path: Path):
    """Four megabytes that a thousand weights share would become gigabytes."""
    block, state = torch.zeros(1 << 20).view(1024, 1024), tiny_state()
    for layer in range(2, 16):
        for name in [n for n in tiny_state() if n.startswith(("trunk.0.", "trunk.1."))]:
            _, part, rest = name.split(".", 2)
            state[f"trunk.{2 * layer + int(part)}.{rest}"] = block
    path = saved(tmp_path / "x.pth", state)
    refused(lambda: load_model(path), "claims more numbers than it holds", "unfold")


# ---- pickles that would do harm ----------------------------------------------------------------------------


class Malicious:
    """Unpickled by a careless reader, it makes a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_malicious_pickles_do_not_run(tmp_path: Path):
    mark = tmp_path / "was_run"
    evil = Malicious(mark)
    state = tiny_state()
    for number, content in enumerate(
        (evil, (state, evil), [state | {"x": evil}, 0.5], {evil.mark.name: evil})
    ):
        path = saved(tmp_path / f"{number}.pth", content)
        refused(lambda path=path: load_model(path), "none of it was run")
    bare = tmp_path / "bare.pth"
    bare.write_bytes(pickle.dumps(evil))
    refused(lambda: load_model(bare), "not opened")
    legacy = tmp_path / "legacy.pth"
    torch.save((state, evil), legacy, _use_new_zipfile_serialization=False)
    refused(lambda: load_model(legacy), "none of it was run")
    assert not mark.exists()
    pickle.loads(bare.read_bytes())  # noqa: S301  (the probe itself works)
    assert mark.exists()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_public_file(tmp_path: Path, share: float):
    content = TINY.read_bytes()
    (tmp_path / "x.pth").write_bytes(content[: int(share * len(content))])
    refused(lambda: load_model(tmp_path / "x.pth"), "cut off")


@pytest.mark.parametrize("seed", range(10))
def test_public_file_with_flipped_bytes(tmp_path: Path, seed: int):
    """Damage is refused, or it fell on what does not matter; it never ends in another error."""
    rng = np.random.default_rng(seed)
    content = bytearray(TINY.read_bytes())
    for place in rng.integers(0, 3000, size=8):  # the pickle and the headers come first
        content[place] = rng.integers(256)
    (tmp_path / "x.pth").write_bytes(content)
    try:
        load_model(tmp_path / "x.pth")
    except PuzzlescopeError as error:
        assert "\n" not in str(error)


def test_storage_that_lies_about_its_length(tmp_path: Path):
    sound = saved(tmp_path / "sound.pth", {"readout.f.bias": torch.zeros(100)})
    with zipfile.ZipFile(sound) as old, zipfile.ZipFile(tmp_path / "lie.pth", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"Kd", b"K\xff"))  # 100 numbers -> 255
    refused(lambda: load_model(tmp_path / "lie.pth"), "more numbers than it holds")


def changed(**changes: Any) -> dict[str, Any]:
    """The tiny model's state with some entries replaced, or removed by ``...``."""
    state = tiny_state() | {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in state.items() if value is not ...}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (dict, ["got a dict without any"]),
        (list, ["got a list"]),
        (lambda: 7, ["got a int"]),
        (lambda: torch.zeros(3), ["got a Tensor"]),
        (lambda: (1, 2), ["got a tuple"]),
        (lambda: {1: torch.zeros(3)}, ["lacks"]),
        (lambda: {"conv1.weight": torch.zeros(3)}, ["not a culture GPT", "lacks"]),
        (lambda: changed(trunk__2__f__1__w_v=...), ["lacks", "trunk.2.f.1.w_v"]),
        (
            lambda: changed(trunk__4__f__1__w_q=torch.zeros(4, 16, 64)),
            ["lacks", "trunk.4.f.0.f.0.weight", "10 more"],
        ),
        (lambda: changed(extra=torch.zeros(3)), ["also has", "extra"]),
        (lambda: changed(readout__f__bias=3.0), ["readout.f.bias", "tensor"]),
        (lambda: changed(readout__f__bias=torch.zeros(15, device="meta")), ["readout.f.bias", "tensor"]),
        (lambda: changed(readout__f__bias=torch.zeros(15).to_sparse()), ["readout.f.bias", "tensor"]),
        (
            lambda: changed(readout__f__bias=torch.zeros(15, dtype=torch.int64)),
            ["readout.f.bias", "floating"],
        ),
        (lambda: changed(readout__f__bias=torch.zeros(14)), ["readout.f.bias", "[15]", "[14]"]),
        (lambda: changed(readout__f__bias=torch.full((15,), torch.nan)), ["unembed.b_U", "finite"]),
        (lambda: changed(readout__f__weight=torch.zeros(64, 15)), ["readout.f.weight", "[15, 64]"]),
        (lambda: changed(trunk__0__f__1__w_q=torch.zeros(64, 64)), ["w_q", "[64, 64]"]),
        (lambda: changed(trunk__0__f__1__w_o=torch.zeros(65, 64)), ["w_o", "[64, 64]", "[65, 64]"]),
        (lambda: changed(trunk__0__f__1__w_q=torch.zeros(0, 16, 64)), ["w_q", "[0, 16, 64]"]),
        (lambda: changed(trunk__1__f__f__2__weight=torch.zeros(2**40, 0)), ["[d_mlp, d_model]"]),
        (lambda: changed(readout__f__bias=torch.zeros(1).expand(10**12)), ["more numbers than it holds"]),
        (
            lambda: changed(embedding__0__f__0__weight=torch.zeros(50257, 64)),
            ["embedding.0.f.0.weight", "[15, 64]"],
        ),
    ],
)
def test_public_file_of_another_kind(tmp_path: Path, content: Callable[[], object], words: list[str]):
    path = saved(tmp_path / "x.pth", content())
    refused(lambda: load_model(path), "x.pth", *words)
    refused(lambda: convert(path, tmp_path / "never"), *words)
    assert not (tmp_path / "never").exists()


def test_a_number_that_was_altered_on_the_way_is_found_out(tmp_path: Path):
    """PyTorch reads such a file without a word, and the model would be another."""
    path = saved(tmp_path / "x.pth", tiny_state())
    content = bytearray(path.read_bytes())
    weight = tiny_state()["trunk.1.f.f.2.weight"].numpy().tobytes()
    content[content.index(weight) + len(weight) // 2] ^= 1
    path.write_bytes(content)
    refused(
        lambda: load_model(path), "x.pth is damaged", "the checksums of 1 of its", "copy or download it again"
    )


def test_a_file_without_checksums_is_told_what_to_do(tmp_path: Path):
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(tmp_path / "x.pth", tiny_state())
    finally:
        torch.serialization.set_crc32_options(True)
    refused(lambda: load_model(path), "set_crc32_options(False)", "save it with checksums")
