"""Models by name: exactness against the original code, round trips, saving and converting, and the hub."""

import json
import os
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import pytest
import torch
from huggingface_hub import errors
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from interp.checkpoints import (
    check_free,
    checkpoint_id,
    convert,
    list_models,
    load_model,
    read_config,
    save_card,
    save_model,
)
from interp.checkpoints import loading as checkpoints
from interp.model import Config, PuzzleGPT
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


# ---- exact -------------------------------------------------------------------------------------------------


def test_public_file_gives_the_logits_of_the_original_code():
    model = load_model(TINY)
    assert model.cfg == Config(n_layers=2, n_heads=4, d_model=64, d_head=16, d_mlp=96)
    assert_is_the_reference(model)
    assert model.checkpoint_id == TINY_ID


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


# ---- saving ------------------------------------------------------------------------------------------------


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
    refused(lambda: save_model(random_model(SMALL, seed=1), folder, "", replace=True), "No space left")
    assert checkpoint_id(folder) == before
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_saving_over_a_model_replaces_it_only_where_told_to(folder: Path):
    other, before = random_model(SMALL, seed=1), checkpoint_id(folder)
    refused(lambda: save_model(other, folder, "Another.", dtype=torch.float32), "--force", "config.json")
    assert checkpoint_id(folder) == before and (folder / "README.md").read_text() == "A card."
    save_model(other, folder, "Another.", dtype=torch.float32, replace=True)
    assert checkpoint_id(folder) == checkpoint_id(other) and (folder / "README.md").read_text() == "Another."


@pytest.mark.parametrize(
    "name", ["README.md", "config.json", "model.safetensors", "model.safetensors.index.json"]
)
def test_what_a_folder_holds_is_not_overwritten(tmp_path: Path, name: str):
    """Found out before the checkpoint is read: here there is none."""
    (tmp_path / name).symlink_to("nowhere")
    for save in (
        lambda: convert(tmp_path / "missing.pth", tmp_path),
        lambda: save_model(random_model(SMALL), tmp_path, ""),
    ):
        refused(save, f"already holds {name}", "--force", "replace=True")
    refused(lambda: convert(tmp_path / "missing.pth", tmp_path, replace=True), "no model")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    convert(TINY, tmp_path, replace=True)
    assert_is_the_reference(load_model(tmp_path))


def test_weights_first_and_the_card_later(tmp_path: Path):
    (tmp_path / "README.md").write_text("Three months of notes.")
    save_model(random_model(SMALL), tmp_path, None)
    assert load_model(tmp_path).cfg == SMALL
    refused(lambda: save_card(tmp_path, "A card."), "README.md", "--force")
    assert (tmp_path / "README.md").read_text() == "Three months of notes."
    save_card(tmp_path, "A card.", replace=True)
    assert (tmp_path / "README.md").read_text() == "A card."
    save_card(tmp_path / "other", "Noël.")
    assert (tmp_path / "other" / "README.md").read_text(encoding="utf-8") == "Noël."


@pytest.mark.parametrize("folder", ["file/below", "file", "a\0b", "x" * 300, "~nobody-of-this-name/x"])
def test_folders_that_cannot_be(tmp_path: Path, folder: str):
    """Said before any work: there is no checkpoint to read."""
    (tmp_path / "file").write_text("")
    place = folder if folder.startswith("~") else f"{tmp_path}/{folder}"
    for action in (check_free, lambda to: convert(tmp_path / "missing.pth", to)):
        refused(lambda action=action: action(place), "cannot be saved")


def test_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests may be allowed everything
    refused(lambda: check_free(tmp_path / "new" / "folder"), "cannot be written to", str(tmp_path))


def test_refuses_to_save_where_a_file_is(tmp_path: Path):
    (tmp_path / "file").write_text("")
    refused(lambda: save_model(random_model(SMALL), tmp_path / "file", ""), "cannot be saved", "file")


# ---- names -------------------------------------------------------------------------------------------------


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


# ---- the hub: what its real clients cannot be made to say in tests/interp/puzzles/test_hub.py --------------


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


# ---- the package -------------------------------------------------------------------------------------------


def test_package_has_nothing_else():
    import interp

    assert "load_model" in dir(interp)
    with pytest.raises(AttributeError, match="load_modle"):
        _ = interp.load_modle
