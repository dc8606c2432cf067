"""A model's folder: its config, its weights in one file or several, and every way in which they can be
bad."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from interp.checkpoints import checkpoint_id, convert, load_model, save_model
from interp.checkpoints.weights import LARGEST_SIZE, MOST_HEADS, MOST_LAYERS, shapes_of
from interp.model import Config, PuzzleGPT
from tests.support.checkpoint_files import SMALL, TINY, assert_is_the_reference, random_model, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound model of ours, for a test to damage."""
    save_model(random_model(SMALL), tmp_path / "sound", "A card.")
    return tmp_path / "sound"


# ---- bad folders -------------------------------------------------------------------------------------------


def reconfigure(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text()) | changes
    config = {name: value for name, value in config.items() if value is not ...}
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d_model": ...}, ["d_model", "lacks"]),
        ({"n_layers": "2"}, ["n_layers", "'2'"]),
        ({"n_layers": 2.0}, ["n_layers", "2.0"]),
        ({"n_layers": True}, ["n_layers", "True"]),
        ({"n_heads": 0}, ["n_heads", "0"]),
        ({"n_heads": None}, ["n_heads", "None"]),
        ({"d_model": -8}, ["d_model", "-8"]),
        ({"n_experts": 8}, ["n_experts", "unknown"]),
        ({"act_fn": "gelu"}, ["act_fn", "'gelu'", "'relu'"]),
        ({"act_fn": "x\ny" * 999}, ["act_fn"]),
        ({"normalization": "RMSNorm"}, ["normalization"]),
        ({"positions": "rotary"}, ["positions", "rotary"]),
        ({"attn_scale": "1/sqrt(d_qk)"}, ["attn_scale"]),
        ({"format": 2}, ["format", "2"]),
        ({"n_ctx": 1024}, ["n_ctx", "1024", "405"]),
        ({"d_vocab": 50257}, ["d_vocab", "50257", "15"]),
        ({"n_layers": 10**9}, [f"{MOST_LAYERS} layers"]),
        ({"n_heads": 16_000}, [f"{MOST_HEADS} heads"]),
        ({"d_model": 16_000}, ["embed.W_E", "[15, 16000]"]),  # no positions are made for it
        ({"d_model": int("9" * 4000)}, [f"{LARGEST_SIZE:,}"]),
        ({"d_mlp": 10**30}, [f"{LARGEST_SIZE:,}"]),
        ({"d_model": 16}, ["embed.W_E", "[15, 16]", "[15, 8]", "more"]),
        ({"n_layers": 3}, ["lacks", "blocks.2.", "11 more"]),
        ({"n_layers": 1}, ["also has", "blocks.1.", "11 more"]),
        ({"d_qk": 7, "attn_scale": "1/sqrt(d_qk)"}, ["W_Q", "[2, 8, 7]", "[2, 8, 4]"]),
    ],
)
def test_bad_config(folder: Path, changes: dict[str, object], words: list[str]):
    reconfigure(folder, **changes)
    assert len(refused(lambda: load_model(folder), *words)) < 600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\xff\xfe",
        b"\0" * 50,
        b"[" * 100_000,
        b'{"n_layers": ' + b"9" * 9000 + b"}",
    ],
)
def test_config_that_is_no_config(folder: Path, content: bytes):
    (folder / "config.json").write_bytes(content)
    refused(lambda: load_model(folder), "config.json")


def test_folder_without_its_files(folder: Path):
    (folder / "model.safetensors").unlink()
    refused(lambda: load_model(folder), "model.safetensors", "no such file")
    (folder / "config.json").unlink()
    refused(lambda: load_model(folder), "config.json", "no such file")


def test_pipe_in_place_of_a_file_does_not_hang(folder: Path):
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")
    refused(lambda: load_model(folder), "not a file")
    refused(lambda: load_model(folder / "model.safetensors"), "not a file")


def header(entries: object, body: bytes = b"") -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05",
        b"not at all a safetensors file",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        (2**62).to_bytes(8, "little") + b"{}",  # a huge header
        (10**8).to_bytes(8, "little") + b"{}",
        header(
            {"x": {"dtype": "F16", "shape": [10**9], "data_offsets": [0, 2 * 10**9]}}
        ),  # more than there is
        header({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"\0" * 4),  # a shape that lies
        header({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, b"\0" * 8),  # a hole
        header({"x": {"dtype": "Q9", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
        header({"x": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, b"\0" * 4),
        header([1, 2]),
        header({"x": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}),
    ],
)
def test_file_that_is_no_safetensors(folder: Path, content: bytes):
    (folder / "model.safetensors").write_bytes(content)
    refused(lambda: load_model(folder), "model.safetensors")


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_truncated_safetensors(folder: Path, share: float):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: int(share * len(content))])
    refused(lambda: load_model(folder), "model.safetensors", "whole")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("unembed.b_U"), ["lacks", "unembed.b_U"]),
        (lambda w: w.update({"ln_final.w": torch.ones(8)}), ["also has", "ln_final.w"]),
        (lambda w: w.update({"e\nvil\x1b[2J" * 99: torch.ones(8)}), ["also has"]),
        (lambda w: w.update({"unembed.b_U": torch.zeros(14)}), ["unembed.b_U", "[15]", "[14]"]),
        (
            lambda w: w.update({"unembed.b_U": torch.zeros(15, dtype=torch.int32)}),
            ["unembed.b_U", "floating"],
        ),
        (lambda w: w["blocks.1.ln2.b"].fill_(torch.nan), ["blocks.1.ln2.b", "finite"]),
        (lambda w: w["blocks.0.attn.W_O"].fill_(-torch.inf), ["blocks.0.attn.W_O", "finite"]),
        (lambda w: [x.fill_(torch.nan) for x in w.values()], ["and 26 more", "finite"]),
        (
            lambda w: w.update({"unembed.b_U": torch.full((15,), 1e300, dtype=torch.float64)}),
            ["b_U", "finite"],
        ),
    ],
)
def test_wrong_weights(folder: Path, change: Callable[[dict], object], words: list[str]):
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    change(weights)
    safetensors.torch.save_file(weights, folder / "model.safetensors")
    assert len(refused(lambda: load_model(folder), "model.safetensors", *words)) < 400


def test_positions_in_the_file(folder: Path):
    """Some tools write the sinusoids as a weight: welcome if they are ours."""
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    ours = PuzzleGPT(SMALL).W_pos
    for positions in (ours, ours.half()):
        safetensors.torch.save_file(weights | {"pos_embed.W_pos": positions}, folder / "model.safetensors")
        assert torch.equal(load_model(folder).W_pos, ours)
    for positions in (ours.roll(1, 0), ours[:100].contiguous(), ours * torch.nan):
        safetensors.torch.save_file(weights | {"pos_embed.W_pos": positions}, folder / "model.safetensors")
        refused(lambda: load_model(folder), "pos_embed.W_pos", "sinusoids")


def test_folder_is_not_converted(folder: Path):
    refused(lambda: convert(folder, folder.parent / "x"), "not a file")


def test_shapes_without_a_model():
    """Spelled out, because the sizes of a file must not make a model before its weights are compared with
    them."""
    for cfg in (SMALL, Config(n_layers=1, n_heads=3, d_model=5, d_head=2, d_mlp=7, d_qk=4)):
        model = PuzzleGPT(cfg)
        assert shapes_of(cfg, TINY) == {name: tuple(p.shape) for name, p in model.named_parameters()}


def test_weights_under_other_names(folder: Path):
    """As a wrapper saves them, and as the public format names them."""
    before, path = checkpoint_id(folder), folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    safetensors.torch.save_file({f"module._orig_mod.{n}": w for n, w in weights.items()}, path)
    assert checkpoint_id(folder) == before
    converted = convert(TINY, folder.parent / "tiny")
    state = torch.load(TINY, weights_only=True)[0]
    safetensors.torch.save_file(
        {n: w.contiguous() for n, w in state.items()}, converted / "model.safetensors"
    )
    assert_is_the_reference(load_model(converted))
    reconfigure(converted, d_head=32)
    refused(lambda: load_model(converted), "does not fit config.json", "d_head=16", "d_head=32")


# ---- a single file of safetensors --------------------------------------------------------------------------


def test_file_of_safetensors_alone(folder: Path):
    """Its sizes are those of its weights, by either kind of names."""
    assert load_model(folder / "model.safetensors").checkpoint_id == checkpoint_id(folder)
    assert load_model(folder / "model.safetensors").cfg == SMALL
    (folder / "config.json").unlink()
    refused(
        lambda: load_model(folder), "config.json", "no such file", f"itself, {folder / 'model.safetensors'}"
    )
    state = torch.load(TINY, weights_only=True)[0]
    safetensors.torch.save_file({n: w.contiguous() for n, w in state.items()}, folder / "public.safetensors")
    assert_is_the_reference(load_model(folder / "public.safetensors"))
    assert_is_the_reference(load_model(convert(folder / "public.safetensors", folder / "made")))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16, torch.float8_e4m3fn])
def test_every_precision_becomes_float32(folder: Path, dtype: torch.dtype):
    path = folder / "model.safetensors"
    stored = {name: w.to(dtype) for name, w in safetensors.torch.load_file(path).items()}
    safetensors.torch.save_file(stored, path)
    for name, weight in load_model(folder).state_dict().items():
        assert weight.dtype == torch.float32 and torch.equal(weight, stored[name].float()), name


def test_header_of_a_bomb(folder: Path):
    """Half a million tensors: the library would take a minute. The file says how long its header is."""
    entries = {f"{n:06}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(50_000)}
    (folder / "model.safetensors").write_bytes(header(entries))
    refused(lambda: load_model(folder), "header of 3,", "no culture GPT")
    refused(lambda: load_model(folder / "model.safetensors"), "header of 3,", "no culture GPT")


def test_more_than_the_largest_file(folder: Path, tmp_path: Path):
    for name in ("model.safetensors", "x.pth"):
        with (folder / name).open("ab") as file:
            file.truncate(5 << 30)  # takes no room on the disk
        refused(lambda name=name: load_model(folder / name), "5.0 GiB", "at most 4")
    refused(lambda: load_model(folder), "4 GiB")


# ---- shards ------------------------------------------------------------------------------------------------


@pytest.fixture
def sharded(folder: Path) -> Path:
    """The same model in two files with an index."""
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names, places = sorted(weights), {}
    for number, part in enumerate((names[:9], names[9:]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        safetensors.torch.save_file({name: weights[name] for name in part}, folder / file)
        places |= dict.fromkeys(part, file)
    write_index(folder, places)
    return folder


def write_index(folder: Path, places: object) -> None:
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_shards(sharded: Path, tmp_path: Path):
    save_model(random_model(SMALL), tmp_path / "whole", "")
    expected = checkpoint_id(tmp_path / "whole")
    assert checkpoint_id(sharded) == expected
    (sharded / "config.json").unlink()
    index = sharded / "model.safetensors.index.json"
    assert load_model(index).checkpoint_id == expected
    refused(lambda: load_model(sharded), "config.json", str(index))
    part = sharded / "model-00001-of-00002.safetensors"
    refused(lambda: load_model(part), "one of 2 files", "give its folder")
    part.unlink()
    refused(lambda: load_model(index), "get these too", part.name)


@pytest.mark.parametrize(
    "place",
    [
        "../model-00001-of-00002.safetensors",
        "/etc/passwd",
        "sub/x.safetensors",
        "..\\x.safetensors",
        "config.json",
        "..",
        "",
        "a\0b.safetensors",
        None,
        7,
        ["x.safetensors"],
    ],
)
def test_index_that_points_elsewhere(sharded: Path, place: object):
    places = json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"]
    write_index(sharded, places | {"unembed.b_U": place})
    refused(lambda: load_model(sharded), "index.json", "beside it")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"weight_map": []}',
        b'{"weight_map": {}}',
        b"[" * 100_000,
        b" " * (3 << 20),
    ],
)
def test_index_that_is_none(sharded: Path, content: bytes):
    (sharded / "model.safetensors.index.json").write_bytes(content)
    refused(lambda: load_model(sharded), "should be the index")


def test_index_that_is_wrong(sharded: Path):
    index = json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"]
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    write_index(sharded, index | {"unembed.b_U": first})
    refused(lambda: load_model(sharded), first, "lacks", "unembed.b_U")
    write_index(sharded, {name: place for name, place in index.items() if name != "unembed.b_U"})
    refused(lambda: load_model(sharded), second, "does not say", "unembed.b_U")
    write_index(sharded, index | {f"{n}": f"{n}.safetensors" for n in range(500)})
    refused(lambda: load_model(sharded), "get these too", "499 more")


# ---- folders that are none ---------------------------------------------------------------------------------


def test_folder_with_a_file_to_give_instead(tmp_path: Path):
    refused(lambda: load_model(tmp_path), "config.json or model.safetensors", "convert")
    (tmp_path / "data.pkl").write_bytes(b"")
    refused(lambda: load_model(tmp_path), "unpacked", "do not unpack")
    (tmp_path / "gpt_000.pth").write_bytes(TINY.read_bytes())
    refused(lambda: load_model(tmp_path), f"give the file of weights itself, {tmp_path / 'gpt_000.pth'}")
    assert_is_the_reference(load_model(tmp_path / "gpt_000.pth"))
