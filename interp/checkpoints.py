"""Model files: our own folders, the public ``.pth`` format, and the Hugging Face hub.

A model of ours is a folder: ``config.json`` (its sizes, and in words what never varies), ``model.safetensors`` (weights
under TransformerLens's names) and ``README.md`` (its card). :mod:`interp.public_format` reads the other format. Files
come from strangers: nothing in one is ever run, and whatever is wrong with one ends in a ``PuzzlescopeError``.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.public_format import read_public
from interp.tokens import D_VOCAB, N_CTX
from interp.weights import build, not_finite, refuse, regular, short

MODELS = Path(__file__).parent.parent / "assets" / "models"
DEFAULT = "default"
DEFAULT_VARIABLE = "PUZZLESCOPE_MODEL"
"""Environment variable that says which model "default" means: any name that :func:`load_model` takes."""

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = "config.json", "model.safetensors", "README.md"
FORMAT = 1
HUB = "hub:"

LARGEST_CONFIG = 1 << 16  # bytes; ours have 300


def load_model(name: str | Path = DEFAULT, device: str | torch.device | None = None) -> PuzzleGPT:
    """Load a model: float32, in eval mode, its parameters without gradients.

    Args:
        name: "default", another folder's name in assets/models, ``hub:owner/repo[@revision]/file.pth``, or a path: to a
            folder of ours or to a file in the public format.
        device: where to put it; by default the CPU.

    Returns:
        The model; its ``source`` is the name as given.

    Raises:
        PuzzlescopeError: if there is no such model, it cannot be fetched, or its files are not what they should be.

    Example::

        model = load_model("hub:tommyp111/culture-gpt/gpt_000.pth")
        model.cfg.n_layers, model.checkpoint_id
    """
    path = find_model(str(name))
    if path.is_dir():
        model = _read_folder(path)
    else:
        cfg, weights, _ = read_public(path)
        model = build(cfg, weights, path)
    model.source = str(name)
    try:
        return model.to(device or "cpu").eval().requires_grad_(False)
    except (
        RuntimeError,
        AssertionError,
    ) as error:  # a device that PyTorch does not know, or not here, or full
        raise PuzzlescopeError(f"The model cannot be put on device '{device}': {short(error)}.") from error


def save_model(
    model: PuzzleGPT, folder: str | Path, card: str, *, dtype: torch.dtype = torch.float16
) -> None:
    """Write a model as a folder of ours. A crash leaves each file either old or new, never half of one.

    Args:
        model: what to save.
        folder: where to; made if it does not exist.
        card: the text of its README.md, Markdown.
        dtype: how the weights are stored. float16 halves the file and rounds to 11 significant bits.

    Raises:
        PuzzlescopeError: if a weight is not finite or too large for ``dtype``, or the folder cannot be written.
    """
    weights = {name: weight.detach().cpu() for name, weight in model.state_dict().items()}
    stored = {name: weight.to(dtype).contiguous() for name, weight in weights.items()}
    kind = str(dtype).removeprefix("torch.")
    refuse(not_finite(weights), "This model cannot be saved: not every number is finite in")
    refuse(not_finite(stored), f"This model must be saved as float32: too large a number for {kind} is in")
    sizes = {name: size for name, size in asdict(model.cfg).items() if size}  # d_qk only where it is not 0
    contents = {
        WEIGHTS_FILE: safetensors.torch.save(stored, {"format": "pt"}),
        CONFIG_FILE: (json.dumps(sizes | _constants(model.cfg), indent=1) + "\n").encode(),
        CARD_FILE: card.encode(),
    }
    folder = Path(folder).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as partial:
            for name, content in contents.items():
                (Path(partial) / name).write_bytes(content)
            for name in contents:
                (Path(partial) / name).replace(folder / name)
    except OSError as error:
        raise PuzzlescopeError(
            f"The model cannot be saved in {folder}: {error.strerror or error}."
        ) from error


def convert(pth: str | Path, folder: str | Path) -> Path:
    """Rewrite a file in the public format as a folder of ours, exactly (float32). Returns the folder.

    Args:
        pth: a path or ``hub:owner/repo/file.pth``.
        folder: where to write config.json, model.safetensors and a card that says where they come from.

    Raises:
        PuzzlescopeError: if the file cannot be read or the folder cannot be written.
    """
    path = find_model(str(pth))
    cfg, weights, accuracy = read_public(path)
    model = build(cfg, weights, path)
    sizes = ", ".join(f"{name} {size}" for name, size in asdict(cfg).items() if size)
    origin = pth if str(pth).startswith(HUB) else path.name
    card = (
        f"# {path.stem}\n\nConverted by Puzzlescope from `{origin}`, a checkpoint in the format of the culture GPTs\n"
        "(https://huggingface.co/tommyp111/culture-gpt). The weights are the same numbers, in float32.\n\n"
        f"- sha256 of that file: `{hashlib.sha256(path.read_bytes()).hexdigest()}`\n"
        f"- accuracy recorded in it: {'none' if accuracy is None else f'{accuracy:.4g}'}\n"
        f"- sizes: {sizes}\n"
    )
    save_model(model, folder, card, dtype=torch.float32)
    return Path(folder).expanduser()


def list_models() -> tuple[str, ...]:
    """The names of the models in assets/models, "default" first."""
    found = [path.parent.name for path in MODELS.glob(f"*/{CONFIG_FILE}")]
    return tuple(sorted(found, key=lambda name: (name != DEFAULT, name)))


def checkpoint_id(source: PuzzleGPT | str | Path) -> str:
    """The id of a model's weights as they are now (:attr:`interp.model.PuzzleGPT.checkpoint_id`), or of those in a file."""
    return (source if isinstance(source, PuzzleGPT) else load_model(source)).checkpoint_id


# ---- finding ---------------------------------------------------------------------------------------------------------


def find_model(name: str) -> Path:
    """The folder or file that a name stands for, downloaded if it is on the hub."""
    said_by = ""
    if name == DEFAULT and os.environ.get(DEFAULT_VARIABLE):
        name, said_by = os.environ[DEFAULT_VARIABLE], f" (from the environment variable {DEFAULT_VARIABLE})"
    if name.startswith(HUB):
        return _download(name)
    if name == DEFAULT and not (MODELS / name).is_dir():
        raise PuzzlescopeError(
            f"The default model is missing: expected it in {MODELS / name}; get the repository whole, or name another"
            f" model, here or in the environment variable {DEFAULT_VARIABLE}."
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
    # Imported here because that takes longer than loading a small model. Only here does a request leave the machine.
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(f"{owner}/{repo}", file, revision=revision or None))
    except Exception as error:  # its HTTP library's many kinds, a full disk, an impossible name
        url = f"https://huggingface.co/{owner}/{repo}/resolve/{revision or 'main'}/{file}"
        raise PuzzlescopeError(
            f"Could not get {short(name)} from the Hugging Face hub: {_why(error)}; check the name and the network,"
            f" or download {short(url)} by hand and give the path of the file."
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


# ---- our own folders -------------------------------------------------------------------------------------------------


def read_config(path: Path) -> Config:
    """Read and check a config.json.

    Raises:
        PuzzlescopeError: if it is not JSON, a size is missing, unknown or impossible, or the model is of another kind.
    """
    try:
        with regular(path).open("rb") as file:
            entries = json.loads(file.read(LARGEST_CONFIG))
        if not isinstance(entries, dict):
            raise ValueError(f"got a {type(entries).__name__}")
    except (OSError, ValueError, RecursionError) as error:
        raise PuzzlescopeError(
            f"{path} should be a model's config, a JSON object of its sizes: {short(error)}; give a folder with"
            f" {CONFIG_FILE} and {WEIGHTS_FILE}, or make one from a .pth file (python -m interp convert)."
        ) from error
    sizes = [field.name for field in fields(Config)]
    refuse((n for n in sizes if n not in entries and n != "d_qk"), f"{path} lacks the size")
    for name in sizes:
        if type(entries.get(name, 0)) is not int:
            raise PuzzlescopeError(
                f"{path}: expected a whole number as {name}, got {short(repr(entries[name]))}."
            )
    try:
        cfg = Config(**{name: entries[name] for name in sizes if name in entries})
    except PuzzlescopeError as error:
        raise PuzzlescopeError(f"{path}: {short(error)}.") from error
    constants = _constants(cfg) | {"n_ctx": N_CTX, "d_vocab": D_VOCAB}
    refuse((n for n in entries if n not in [*sizes, *constants]), f"{path} has an entry of unknown meaning:")
    for name, expected in constants.items():
        if entries.get(name, expected) != expected:
            raise PuzzlescopeError(
                f"{path} is of another kind of model: expected {name} {expected!r}, got {short(repr(entries[name]))}."
            )
    return cfg


def _constants(cfg: Config) -> dict[str, str | int]:
    """What all our models share, in words for whoever reads the file; one that says otherwise is not ours."""
    return {
        "act_fn": "relu",
        "normalization": "pre-LayerNorm, eps 1e-5, none before the unembedding",
        "positions": "sinusoidal, base 1e5",
        "attn_scale": "1/sqrt(d_qk)" if cfg.d_qk else "1/sqrt(d_head)",
        "format": FORMAT,
    }


def _read_folder(folder: Path) -> PuzzleGPT:
    cfg = read_config(folder / CONFIG_FILE)
    path = folder / WEIGHTS_FILE
    try:
        weights = safetensors.torch.load_file(regular(path))
    except Exception as error:  # the file may come from anybody, and the parser's errors are of many classes
        raise PuzzlescopeError(
            f"{path} is not a whole safetensors file: {short(error)}; copy or download it again."
        ) from error
    w_pos = weights.pop("pos_embed.W_pos", None)  # some tools write the sinusoids too
    model = build(cfg, weights, path)
    if w_pos is not None and not _agree(w_pos, model.W_pos):
        raise PuzzlescopeError(
            f"{path} has other positions than ours, which are sinusoids of base 1e5: pos_embed.W_pos."
        )
    return model


def _agree(stored: Tensor, ours: Tensor) -> bool:
    """Whether positions are the same up to the rounding of float16."""
    return stored.shape == ours.shape and torch.allclose(stored.float(), ours, rtol=0, atol=1e-3)
