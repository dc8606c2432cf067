"""Model files: our own folders, the public ``.pth`` format, and the Hugging Face hub.

:mod:`interp.checkpoints.folders` says what a folder of ours is; :mod:`interp.checkpoints.public_format` reads
the other format. Files come from strangers: nothing in one is ever run, and whatever is wrong with one ends
in a ``PuzzlescopeError``.
"""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import torch

from interp import machine
from interp.assets import MODELS
from interp.checkpoints.folders import (
    CONFIG_FILE,
    check_free,
    read_folder,
    save_model,
)
from interp.checkpoints.public_format import read_weights
from interp.checkpoints.weights import build, short
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT

DEFAULT = "default"
DEFAULT_VARIABLE = "PUZZLESCOPE_MODEL"
"""Environment variable that says which model "default" means: any name that :func:`load_model` takes."""

HUB = "hub:"


def load_model(name: str | Path = DEFAULT, device: str | torch.device | None = None) -> PuzzleGPT:
    """Load a model: float32, in eval mode, its parameters without gradients.

    Args:
        name: "default", another folder's name in assets/models, ``hub:owner/repo[@revision]/file.pth``, or a
            path: to a folder of ours, to a file of ``torch.save`` or safetensors, or to the index of several.
        device: where to put it; by default what :data:`interp.machine.DEVICE` in the environment says, or the
            CPU.

    Returns:
        The model; its ``source`` is the name as given.

    Raises:
        PuzzlescopeError: if there is no such model, it cannot be fetched, or its files are not what they
            should be.

    Example::

        model = load_model("hub:tommyp111/culture-gpt/gpt_000.pth")
        model.cfg.n_layers, model.checkpoint_id
    """
    # Whatever the caller's defaults are: float32, real memory, and weights that may be trained or edited.
    device = device or machine.read(usual="cpu").place()
    with torch.device("cpu"), torch.inference_mode(False):
        model = _read(find_model(str(name)))
    model.source = str(name)
    try:
        return model.to(device).eval().requires_grad_(False)
    except (
        RuntimeError,
        AssertionError,
    ) as error:  # a device that PyTorch does not know, or not here, or full
        raise PuzzlescopeError(f"The model cannot be put on device '{device}': {short(error)}.") from error


def _read(path: Path) -> PuzzleGPT:
    """The model in a folder or a file."""
    if path.is_dir():
        return read_folder(path)
    cfg, weights, _ = read_weights(path)
    return build(cfg, weights, path)


def convert(pth: str | Path, folder: str | Path, *, replace: bool = False) -> Path:
    """Rewrite a file in the public format as a folder of ours, exactly (float32). Returns the folder.

    Args:
        pth: a path or ``hub:owner/repo/file.pth``.
        folder: where to write config.json, model.safetensors and a card that says where they come from.
        replace: whether files of these names that are there may be overwritten.

    Raises:
        PuzzlescopeError: before anything is read, if one of them is there and may not be; if the file cannot
            be read or the folder cannot be written.
    """
    check_free(folder, replace=replace)
    path = find_model(str(pth))
    if path.is_dir():
        raise PuzzlescopeError(
            f"{path} is a folder, not a file in the public format: give the .pth file to convert."
        )
    with torch.device("cpu"), torch.inference_mode(False):
        cfg, weights, accuracy = read_weights(path)
        model = build(cfg, weights, path)
    sizes = ", ".join(f"{name} {size}" for name, size in asdict(cfg).items() if size)
    origin = pth if str(pth).startswith(HUB) else path.name
    exact = all(weight.dtype.itemsize <= 4 for weight in weights.values())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    card = (
        f"# {path.stem}\n\nConverted by Puzzlescope from `{origin}`, a checkpoint of a culture GPT\n"
        "(https://huggingface.co/tommyp111/culture-gpt). The weights are the same numbers,"
        f" {'in' if exact else 'rounded to'} float32.\n\n"
        f"- sha256 of that file: `{digest}`\n"
        f"- accuracy recorded in it: {'none' if accuracy is None else f'{accuracy:.4g}'}\n"
        f"- sizes: {sizes}\n"
    )
    save_model(model, folder, card, dtype=torch.float32, replace=replace)
    return Path(folder).expanduser()


def list_models() -> tuple[str, ...]:
    """The names of the models in assets/models, "default" first."""
    found = [path.parent.name for path in MODELS.glob(f"*/{CONFIG_FILE}")]
    return tuple(sorted(found, key=lambda name: (name != DEFAULT, name)))


def checkpoint_id(source: PuzzleGPT | str | Path) -> str:
    """The id of a model's weights as they are now (:attr:`interp.model.PuzzleGPT.checkpoint_id`), or of those
    in a file."""
    return (source if isinstance(source, PuzzleGPT) else load_model(source)).checkpoint_id


# ---- finding -----------------------------------------------------------------------------------------------


def find_model(name: str) -> Path:
    """The folder or file that a name stands for, downloaded if it is on the hub."""
    said_by = ""
    if name == DEFAULT and os.environ.get(DEFAULT_VARIABLE):
        name, said_by = os.environ[DEFAULT_VARIABLE], f" (from the environment variable {DEFAULT_VARIABLE})"
    if name.startswith(HUB):
        return _download(name)
    if name == DEFAULT and not (MODELS / name).is_dir():
        raise PuzzlescopeError(
            f"The default model is missing: expected it in {MODELS / name}; get the repository whole, or"
            f" name another model, here or in the environment variable {DEFAULT_VARIABLE}."
        )
    if name in list_models():
        return MODELS / name
    try:
        path = Path(name).expanduser()
        if name and path.exists():
            return path
    except (OSError, RuntimeError, ValueError):
        pass  # too long for a path, ~ of nobody, a null character: not a path at any rate
    known = ", ".join(list_models()) or "none here"
    raise PuzzlescopeError(
        f"There is no model {short(repr(name))}{said_by}: expected one of assets/models ({known}),"
        f" {HUB}owner/repo/file.pth, or the path of a model's folder or .pth file."
    )


def _download(name: str) -> Path:
    """Fetch ``hub:owner/repo[@revision]/file``, or find it where an earlier download left it."""
    owner, repo, file = (*name.removeprefix(HUB).split("/", 2), "", "", "")[:3]
    repo, _, revision = repo.partition("@")
    if not (owner and repo and file):
        raise PuzzlescopeError(
            f"Expected {HUB}owner/repo/file.pth (or owner/repo@revision), got {short(repr(name))}."
        )
    # Imported here because that takes longer than loading a small model. Only here does a request leave the
    # machine.
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(f"{owner}/{repo}", file, revision=revision or None))
    except Exception as error:  # its HTTP library's many kinds, a full disk, an impossible name
        url = f"https://huggingface.co/{owner}/{repo}/resolve/{revision or 'main'}/{file}"
        raise PuzzlescopeError(
            f"Could not get {short(name)} from the Hugging Face hub: {_why(error)}; check the name and the"
            f" network, or download {short(url)} by hand and give the path of the file."
        ) from error


def _why(error: Exception) -> str:
    """What a failed download means for the person who asked for it."""
    from huggingface_hub import errors

    meanings = (  # the special before the general: a gated repository is also one that was not found
        (errors.GatedRepoError, "its owner asks to accept terms first and to log in (hf auth login)"),
        (errors.RepositoryNotFoundError, "the repository does not exist or is private"),
        (errors.RevisionNotFoundError, "the repository has no such revision"),
        (errors.LocalEntryNotFoundError, "the hub cannot be reached, and no earlier download is kept here"),
        (errors.OfflineModeIsEnabled, "HF_HUB_OFFLINE is set, and no earlier download is kept here"),
        (errors.EntryNotFoundError, "the repository has no such file"),
    )
    said = short(error) or type(error).__name__
    return next((text for kind, text in meanings if isinstance(error, kind)), said)
