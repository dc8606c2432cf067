"""A model's folder of ours: ``config.json`` (its sizes, and in words what never varies),
``model.safetensors`` (weights under TransformerLens's names) and ``README.md`` (its card). What a folder
holds already is never overwritten unasked.
"""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

import safetensors.torch
import torch

from interp.checkpoints.file_kinds import WEIGHT_ENDINGS
from interp.checkpoints.public_format import infer
from interp.checkpoints.safetensors_files import read_safetensors, read_shards
from interp.checkpoints.state_dicts import own_names
from interp.checkpoints.weights import (
    build,
    build_planted,
    check_plain,
    not_finite,
    refuse,
    regular,
    short,
)
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.model.planted import KIND
from interp.tokens import D_VOCAB, N_CTX

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = "config.json", "model.safetensors", "README.md"
INDEX_FILE = f"{WEIGHTS_FILE}.index.json"
"""Says, where weights are spread over several files, which file holds which."""

FORMAT = 1
LARGEST_CONFIG = 1 << 16  # bytes; ours have 300


# ---- writing -----------------------------------------------------------------------------------------------


def save_model(
    model: PuzzleGPT,
    folder: str | Path,
    card: str | None,
    *,
    dtype: torch.dtype = torch.float16,
    replace: bool = False,
) -> None:
    """Write a model as a folder of ours. A crash leaves each file either old or new, never half of one.

    Args:
        model: what to save.
        folder: where to; made if it does not exist.
        card: the text of its README.md, Markdown; None writes none and leaves the one that is there, see
            :func:`save_card`.
        dtype: how the weights are stored. float16 halves the file and rounds to 11 significant bits.
        replace: whether files of these names that are there may be overwritten.

    Raises:
        PuzzlescopeError: if one of them is there and may not be, if a weight is not finite or too large for
            ``dtype``, or if the folder cannot be written.
    """
    check_free(folder, card=card is not None, replace=replace)
    weights = {name: weight.detach().cpu() for name, weight in model.state_dict().items()}
    stored = {name: weight.to(dtype).contiguous() for name, weight in weights.items()}
    precision = str(dtype).removeprefix("torch.")
    refuse(not_finite(weights), "This model cannot be saved: not every number is finite in")
    refuse(
        not_finite(stored), f"This model must be saved as float32: too large a number for {precision} is in"
    )
    sizes = {name: size for name, size in asdict(model.cfg).items() if size}  # d_qk only where it is not 0
    kind = {} if model.planted is None else {"kind": KIND}
    contents = {
        WEIGHTS_FILE: safetensors.torch.save(stored, {"format": "pt"}),
        CONFIG_FILE: (json.dumps(sizes | constants(model.cfg) | kind, indent=1) + "\n").encode(),
    }
    _write(folder, contents if card is None else contents | {CARD_FILE: card.encode()})


def save_card(folder: str | Path, text: str, *, replace: bool = False) -> None:
    """Write a model's card alone, for weights that were saved before their card could be written.

    Args:
        folder: the model's; made if it does not exist.
        text: of its README.md, Markdown.
        replace: whether a README.md that is there may be overwritten.

    Raises:
        PuzzlescopeError: if there is one and it may not be, or the folder cannot be written.
    """
    if not replace:
        _refuse_to_overwrite(folder, [CARD_FILE])
    _write(folder, {CARD_FILE: text.encode()})


def check_free(folder: str | Path, *, card: bool = True, replace: bool = False) -> None:
    """Say, before any work is done for it, why a model cannot be written into a folder.

    Args:
        folder: it need not exist.
        card: whether a README.md will be written too.
        replace: whether files of a model that are there may be overwritten.

    Raises:
        PuzzlescopeError: naming what is in the way, or that the folder is none or cannot be written.
    """
    if not replace:
        names = [WEIGHTS_FILE, INDEX_FILE, CONFIG_FILE]
        _refuse_to_overwrite(folder, [CARD_FILE, *names] if card else names)
    nearest = _expanded(folder)
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise PuzzlescopeError(f"The model cannot be saved in {folder}: {nearest} is not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PuzzlescopeError(f"The model cannot be saved in {folder}: {nearest} cannot be written to.")


def _refuse_to_overwrite(folder: str | Path, names: list[str]) -> None:
    found = [name for name in names if os.path.lexists(_expanded(folder) / name)]
    if found:
        listed = " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
        raise PuzzlescopeError(
            f"{folder} already holds {listed}, and nothing was written: name another folder, or allow them"
            " to be overwritten with --force (in Python, replace=True)."
        )


def _expanded(folder: str | Path) -> Path:
    """The folder as a path, if it can be one at all."""
    try:
        path = Path(folder).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
        return path
    except (OSError, RuntimeError, ValueError) as error:  # too long, ~ of nobody, a null character
        why = error.strerror if isinstance(error, OSError) else error
        raise PuzzlescopeError(
            f"The model cannot be saved in {short(repr(str(folder)))}: {short(why)}."
        ) from error


def _write(folder: str | Path, contents: dict[str, bytes]) -> None:
    """Write files so that each is there as a whole or not at all."""
    target = _expanded(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".saving-") as partial:
            for name, content in contents.items():
                (Path(partial) / name).write_bytes(content)
            for name in contents:
                (Path(partial) / name).replace(target / name)
    except OSError as error:
        raise PuzzlescopeError(
            f"The model cannot be saved in {folder}: {error.strerror or error}."
        ) from error


# ---- reading -----------------------------------------------------------------------------------------------


def read_folder(folder: Path) -> PuzzleGPT:
    """The model of a folder of ours, whose weights may be spread over several files, under other tools'
    names.

    Raises:
        PuzzlescopeError: if a file is missing, damaged or of another model.
    """
    path = next((folder / name for name in (WEIGHTS_FILE, INDEX_FILE) if (folder / name).exists()), None)
    if path is None or not (folder / CONFIG_FILE).exists():
        raise PuzzlescopeError(_lacking(folder))
    cfg, planted = _sizes_and_kind(folder / CONFIG_FILE)
    weights = own_names(read_safetensors(path) if path.name == WEIGHTS_FILE else read_shards(path), path)
    if "embedding.0.f.0.weight" in weights:  # the public format's names
        found, weights = infer(weights, path)
        if found != cfg:
            raise PuzzlescopeError(
                f"{path} does not fit {CONFIG_FILE}: its weights are of {found}, not of {cfg}."
            )
    check_plain(weights, path)
    if planted:
        return build_planted(cfg, weights, path)
    return build(cfg, weights, path)


def _lacking(folder: Path) -> str:
    """What a folder lacks that it would be a model's, and which file in it could be given instead."""
    lacks = [name for name in (CONFIG_FILE, WEIGHTS_FILE) if not (folder / name).exists()]
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        return f"{folder} cannot be read: {error.strerror or error}."
    indices = [name for name in names if name.endswith(".safetensors.index.json")]
    files = indices + [name for name in names if name.lower().endswith(WEIGHT_ENDINGS)]
    if (files and files != [WEIGHTS_FILE]) or lacks == [CONFIG_FILE]:
        instead = f"give the file of weights itself, {folder / short(files[0], 80)}"
    elif "data.pkl" in names:
        instead = "it is an unpacked file of torch.save, get the .pth file again and do not unpack it"
    else:
        instead = "give another folder, or make one from a .pth file (python -m interp convert)"
    return (
        f"{folder} is not a model's folder, there is no such file as {' or '.join(lacks)} in it: {instead}."
    )


# ---- the sizes ---------------------------------------------------------------------------------------------


def read_config(path: Path) -> Config:
    """Read and check a config.json.

    Raises:
        PuzzlescopeError: if it is not JSON, a size is missing, unknown or impossible, or the model is of
            another kind.
    """
    return _sizes_and_kind(path)[0]


def _sizes_and_kind(path: Path) -> tuple[Config, bool]:
    """The same, and whether a circuit is planted in the model."""
    try:
        with regular(path).open("rb") as file:
            entries = json.loads(file.read(LARGEST_CONFIG))
        if not isinstance(entries, dict):
            raise ValueError(f"got a {type(entries).__name__}")
    except (OSError, ValueError, RecursionError) as error:
        raise PuzzlescopeError(
            f"{path} should be a model's config, a JSON object of its sizes: {short(error)}; give a folder"
            f" with {CONFIG_FILE} and {WEIGHTS_FILE}, or make one from a .pth file (python -m interp"
            " convert)."
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
    fixed = constants(cfg) | {"n_ctx": N_CTX, "d_vocab": D_VOCAB, "kind": KIND}
    refuse((n for n in entries if n not in [*sizes, *fixed]), f"{path} has an entry of unknown meaning:")
    for name, expected in fixed.items():
        if entries.get(name, expected) != expected:
            raise PuzzlescopeError(
                f"{path} is of another kind of model: expected {name} {expected!r}, got"
                f" {short(repr(entries[name]))}."
            )
    return cfg, "kind" in entries


def constants(cfg: Config) -> dict[str, str | int]:
    """What all our models share, in words for whoever reads the file; one that says otherwise is not ours."""
    return {
        "act_fn": "relu",
        "normalization": "pre-LayerNorm, eps 1e-5, none before the unembedding",
        "positions": "sinusoidal, base 1e5",
        "attn_scale": "1/sqrt(d_qk)" if cfg.d_qk else "1/sqrt(d_head)",
        "format": FORMAT,
    }
