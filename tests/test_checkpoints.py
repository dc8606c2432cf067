"""Model files: exactness against the original code, round trips, and every way in which a file can be bad."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import numpy as np
import pytest
import safetensors.torch
import torch
from huggingface_hub import errors
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from interp import checkpoints
from interp.checkpoints import checkpoint_id, convert, list_models, load_model, read_config, save_model
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.weights import MOST_LAYERS

DATA = Path(__file__).parent / "data"
TINY = DATA / "mygpt_tiny.pth"
SMALL = Config(n_layers=2, n_heads=2, d_model=8, d_head=4, d_mlp=12)


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches the network, or is turned by the environment of whoever runs it."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a test tried to download")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    monkeypatch.delenv(checkpoints.DEFAULT_VARIABLE, raising=False)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An assets/models of the test's own, empty."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(checkpoints, "MODELS", folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound model of ours, for a test to damage."""
    save_model(random_model(SMALL), tmp_path / "sound", "A card.")
    return tmp_path / "sound"


def random_model(cfg: Config, seed: int = 0) -> PuzzleGPT:
    """All weights random, the biases and LayerNorms too, so that no two are alike."""
    torch.manual_seed(seed)
    model = PuzzleGPT(cfg)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    return model


def refused(load: Callable[[], object], *words: str) -> str:
    """Assert that it ends in one sentence of ours that has these words; return the sentence."""
    with pytest.raises(PuzzlescopeError) as caught:
        load()
    message = str(caught.value)
    assert "\n" not in message and message.endswith("."), message
    for word in words:
        assert word in message, f"{word!r} is not in {message!r}"
    return message


def tiny_state() -> dict[str, Any]:
    return dict(torch.load(TINY, weights_only=True)[0])


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


# ---- exact -----------------------------------------------------------------------------------------------------------


def assert_is_the_reference(model: PuzzleGPT) -> None:
    reference = np.load(DATA / "mygpt_tiny_logits.npz")
    tokens = torch.from_numpy(reference["tokens"].astype(np.int64))
    prompt = torch.cat([torch.zeros(len(tokens), 1, dtype=torch.long), tokens[:, :-1]], dim=1)
    difference = model(prompt) - torch.from_numpy(reference["logits"])
    assert difference.abs().max() < 1e-4


def test_public_file_gives_the_logits_of_the_original_code():
    model = load_model(TINY)
    assert model.cfg == Config(n_layers=2, n_heads=4, d_model=64, d_head=16, d_mlp=96)
    assert_is_the_reference(model)


def test_converted_file_gives_the_same(tmp_path: Path):
    folder = convert(TINY, tmp_path / "made" / "here")
    model = load_model(folder)
    assert_is_the_reference(model)
    assert model.checkpoint_id == load_model(TINY).checkpoint_id
    card = (folder / "README.md").read_text()
    assert "mygpt_tiny.pth" in card and "accuracy recorded in it: 0.5" in card
    assert "aa3fadb91a6f93d780c5b5be3143f6caf08cd2cf32f8661f372d9a83304adc04" in card
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_query_width_of_its_own_survives_the_public_format(tmp_path: Path):
    """Wider queries by zeros: the scores stay the same but for the scale, which is by the query width."""
    state = tiny_state()
    for layer in (0, 2):
        for name, factor in ((f"trunk.{layer}.f.1.w_q", 2.0), (f"trunk.{layer}.f.1.w_k", 1.0)):
            heads, _, width = state[name].shape
            state[name] = torch.cat([factor * state[name], torch.zeros(heads, 48, width)], dim=1)
    model = load_model(saved(tmp_path / "wide.pth", state))
    assert (model.cfg.d_qk, model.cfg.d_head) == (64, 16)
    assert_is_the_reference(model)
    again = load_model(convert(tmp_path / "wide.pth", tmp_path / "wide"))
    assert again.cfg == model.cfg
    assert again.checkpoint_id == model.checkpoint_id


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: (s, 0.25), lambda s: [s, torch.tensor(0.25)], lambda s: (s, None)]
)
def test_public_file_in_every_wrapping(tmp_path: Path, wrap: Callable[[dict], object]):
    assert_is_the_reference(load_model(saved(tmp_path / "x.pth", wrap(tiny_state()))))


def test_loaded_model_is_ready_for_use():
    model = load_model(str(TINY))
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    for name, parameter in model.named_parameters():
        one_matrix = parameter.transpose(0, 1) if name.endswith(("W_Q", "W_K", "W_V")) else parameter
        assert one_matrix.is_contiguous(), name
    assert model.source == str(TINY)
    assert set(model.hook_dict) == set(PuzzleGPT(model.cfg).hook_dict)
    assert torch.equal(model.W_pos, PuzzleGPT(model.cfg).W_pos)


sizes = st.builds(
    Config,
    n_layers=st.integers(1, 3),
    n_heads=st.integers(1, 3),
    d_model=st.integers(1, 9),
    d_head=st.integers(1, 5),
    d_mlp=st.integers(1, 9),
    d_qk=st.integers(0, 5),
)


@settings(max_examples=20)
@given(cfg=sizes, seed=st.integers(0, 99))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, cfg: Config, seed: int):
    folder = tmp_path_factory.mktemp("model")
    model = random_model(cfg, seed)
    save_model(model, folder, "# A card\n\nNoël", dtype=torch.float32)
    loaded = load_model(folder)
    assert loaded.cfg == read_config(folder / "config.json") == cfg
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight), name
    assert loaded.checkpoint_id == checkpoint_id(model) == checkpoint_id(folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == "# A card\n\nNoël"


def test_float16_is_half_the_size_and_rounds(tmp_path: Path):
    model = random_model(SMALL)
    save_model(model, tmp_path / "half", "")
    with safe_open(tmp_path / "half" / "model.safetensors", "pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118  (not a dict)
    loaded = load_model(tmp_path / "half")
    for name, weight in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight.half().float()), name
    save_model(loaded, tmp_path / "again", "")
    assert load_model(tmp_path / "again").checkpoint_id == loaded.checkpoint_id != checkpoint_id(model)


def test_config_says_in_words_what_never_varies(folder: Path):
    assert json.loads((folder / "config.json").read_text()) == {
        "n_layers": 2,
        "n_heads": 2,
        "d_model": 8,
        "d_head": 4,
        "d_mlp": 12,
        "n_ctx": 405,
        "d_vocab": 15,
        "act_fn": "relu",
        "normalization": "pre-LayerNorm, eps 1e-5, none before the unembedding",
        "positions": "sinusoidal, base 1e5",
        "attn_scale": "1/sqrt(d_head)",
        "format": 1,
    }


def test_checkpoint_id_follows_the_weights():
    model = random_model(SMALL)
    before = checkpoint_id(model)
    assert len(before) == 12 and int(before, 16) >= 0
    assert before == checkpoint_id(random_model(SMALL)) != checkpoint_id(random_model(SMALL, seed=1))
    with torch.no_grad():
        model.b_U[3] += 1
    assert checkpoint_id(model) != before


# ---- saving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype", "word"),
    [
        (70000.0, torch.float16, "float32"),
        (float("nan"), torch.float32, "finite"),
        (float("inf"), torch.float16, "finite"),
    ],
)
def test_refuses_to_save_what_would_not_come_back(
    tmp_path: Path, value: float, dtype: torch.dtype, word: str
):
    model = random_model(SMALL)
    with torch.no_grad():
        model.blocks[1].mlp.W_in[0, 0] = value
    refused(lambda: save_model(model, tmp_path / "x", "", dtype=dtype), word, "blocks.1.mlp.W_in")
    assert not (tmp_path / "x").exists()


def test_crash_while_saving_leaves_the_old_model(folder: Path, monkeypatch: pytest.MonkeyPatch):
    before = checkpoint_id(folder)
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    refused(lambda: save_model(random_model(SMALL, seed=1), folder, ""), "No space left")
    assert checkpoint_id(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_saving_over_a_model_replaces_it(folder: Path):
    save_model(random_model(SMALL, seed=1), folder, "Another.", dtype=torch.float32)
    assert checkpoint_id(folder) == checkpoint_id(random_model(SMALL, seed=1))


def test_refuses_to_save_where_a_file_is(tmp_path: Path):
    (tmp_path / "file").write_text("")
    refused(lambda: save_model(random_model(SMALL), tmp_path / "file", ""), "cannot be saved", "file")


# ---- names -----------------------------------------------------------------------------------------------------------


def test_default_and_other_folders_of_assets(models: Path, monkeypatch: pytest.MonkeyPatch):
    refused(load_model, "default model is missing", checkpoints.DEFAULT_VARIABLE)
    for seed, name in enumerate(("zeta", "default", "alpha")):
        save_model(random_model(SMALL, seed), models / name, "")
    (models / "empty").mkdir()
    assert list_models() == ("default", "alpha", "zeta")
    assert load_model().source == "default"
    assert load_model().checkpoint_id == checkpoint_id(models / "default") != checkpoint_id("alpha")
    monkeypatch.setenv(checkpoints.DEFAULT_VARIABLE, "zeta")
    assert load_model().checkpoint_id == checkpoint_id(models / "zeta")
    monkeypatch.setenv(checkpoints.DEFAULT_VARIABLE, "default")
    assert load_model().checkpoint_id == checkpoint_id(models / "default")
    monkeypatch.setenv(checkpoints.DEFAULT_VARIABLE, "nowhere")
    refused(load_model, "'nowhere'", checkpoints.DEFAULT_VARIABLE)


def test_home(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert load_model("~/sound").checkpoint_id == checkpoint_id(folder)
    save_model(random_model(SMALL, seed=1), "~/saved", "")
    assert (folder.parent / "saved" / "config.json").exists()
    assert convert(TINY, "~/converted") == folder.parent / "converted"


@pytest.mark.parametrize(
    "name", ["", "nope", "../nope", "~nobody-of-this-name/x", "a\0b", "a\nb", "x" * 5000]
)
def test_no_such_model(models: Path, name: str):
    message = refused(lambda: load_model(name), "no model", "assets/models", "hub:owner/repo/file.pth")
    assert len(message) < 500


@pytest.mark.parametrize("device", ["tpu", "cuda:77", "bogus:1"])
def test_no_such_device(device: str):
    refused(lambda: load_model(TINY, device=device), device)


# ---- bad folders -----------------------------------------------------------------------------------------------------


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
        ({"d_mlp": 10**30}, ["1,000,000"]),
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


# ---- bad public files ------------------------------------------------------------------------------------------------


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
    refused(lambda: load_model(bare), "not a checkpoint")
    legacy = tmp_path / "legacy.pth"
    torch.save((state, evil), legacy, _use_new_zipfile_serialization=False)
    refused(lambda: load_model(legacy), "not a checkpoint")
    assert not mark.exists()
    pickle.loads(bare.read_bytes())  # noqa: S301  (the probe itself works)
    assert mark.exists()


def test_zip_of_something_else(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    refused(lambda: load_model(tmp_path / "x.pth"), "not a checkpoint")
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"\0" * 10**7)
    refused(lambda: load_model(tmp_path / "bomb.pth"), "unpack")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello\n", b"<!DOCTYPE html>", b"\x80\x02."])
def test_file_that_is_no_checkpoint(tmp_path: Path, content: bytes):
    (tmp_path / "x.pth").write_bytes(content)
    refused(lambda: load_model(tmp_path / "x.pth"), "x.pth", "not a checkpoint", "expected")


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
    refused(lambda: load_model(tmp_path / "lie.pth"), "not a checkpoint")


def changed(**changes: Any) -> dict[str, Any]:
    """The tiny model's state with some entries replaced, or removed by ``...``."""
    state = tiny_state() | {key.replace("__", "."): value for key, value in changes.items()}
    return {key: value for key, value in state.items() if value is not ...}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: {}, ["lacks", "embedding.0.f.0.weight"]),
        (lambda: [], ["got a list"]),
        (lambda: 7, ["got a int"]),
        (lambda: torch.zeros(3), ["got a Tensor"]),
        (lambda: (1, 2), ["got a int"]),
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


def test_folder_is_not_converted(folder: Path):
    refused(lambda: convert(folder, folder.parent / "x"), "not a file")


# ---- the hub: what its real clients cannot be made to say in tests/test_hub.py ------------------------------------------


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("hub:owner/repo/gpt_000.pth", ("owner/repo", "gpt_000.pth", None)),
        ("hub:owner/repo/sub/folder/x.pth", ("owner/repo", "sub/folder/x.pth", None)),
        ("hub:owner/repo@v1.0/x.pth", ("owner/repo", "x.pth", "v1.0")),
    ],
)
def test_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, asked: tuple):
    calls = []

    def download(repo: str, file: str, *, revision: str | None) -> str:
        calls.append((repo, file, revision))
        return str(TINY)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    model = load_model(name)
    assert calls == [asked]
    assert model.source == name
    assert_is_the_reference(model)
    assert name in (convert(name, tmp_path / "x") / "README.md").read_text()


RESPONSE = httpx2.Response(404, request=httpx2.Request("GET", "https://huggingface.co/owner/repo"))
TEXT = "404 Client Error. (Request ID: abc)\n\nRepository Not Found for url.\nPlease make sure ..."


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (errors.GatedRepoError(TEXT, response=RESPONSE), "log in"),
        (errors.EntryNotFoundError(TEXT), "no such file"),
        (errors.LocalEntryNotFoundError("An error happened while trying to locate ..."), "cannot be reached"),
        (errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE"),
        (errors.HfHubHTTPError("503 Server Error\nfor url", response=RESPONSE), "503 Server Error for url"),
        (errors.HFValidationError("Repo id must use alphanumeric chars"), "alphanumeric"),
        (httpx2.ConnectError("[Errno -2] Name or service not known"), "Name or service not known"),
        (httpx2.ReadTimeout(""), "ReadTimeout"),
        (ConnectionError("refused"), "refused"),
        (OSError(28, "No space left on device"), "No space left"),
    ],
)
def test_hub_fails(monkeypatch: pytest.MonkeyPatch, error: Exception, word: str):
    def download(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    url = "https://huggingface.co/owner/repo/resolve/main/x.pth"
    refused(
        lambda: load_model("hub:owner/repo/x.pth"), "hub:owner/repo/x.pth", word, f"download {url} by hand"
    )


@pytest.mark.parametrize(
    "name", ["hub:", "hub:x.pth", "hub:owner/repo", "hub:owner/repo/", "hub://x", "hub:/a/b"]
)
def test_hub_names_that_are_not_whole(name: str):
    refused(lambda: load_model(name), "hub:owner/repo/file.pth", repr(name))


# ---- the package -----------------------------------------------------------------------------------------------------


def test_import_is_fast_until_something_is_used():
    script = (
        "import sys, interp; assert 'torch' not in sys.modules, 'import interp imported PyTorch'; "
        "from interp import load_model; assert 'torch' in sys.modules; assert load_model.__name__ == 'load_model'; "
        "assert interp.__all__ == ['load_model', 'load_puzzles']"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent.parent)


def test_package_has_nothing_else():
    import interp

    assert "load_model" in dir(interp)
    with pytest.raises(AttributeError, match="load_modle"):
        _ = interp.load_modle
