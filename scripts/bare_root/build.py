"""Make the root file system that the Dockerfile describes, out of a Debian by debootstrap."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bare_root.dockerfile import Instruction, context

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = "python3,python3-venv,ca-certificates"


@dataclass
class Image:
    """What has been built, and what is to be started of it.

    Attributes:
        root: the folder of its file system.
        environment: of its processes.
        folder: in which they start.
        user: as which they run, user:group.
        volumes: folders that are not part of it.
        command: with which it starts.
        check: with which it is asked how it is.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    user: str = "0:0"
    volumes: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    check: list[str] = field(default_factory=list)


def debian(folder: Path, suite: str) -> Path:
    """A small Debian with Python, made once; `python:3.12-slim` is one, too."""
    base = folder / f"debian-{suite}"
    if not (base / "ready").exists():
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, base)
        (base / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        (base / "ready").touch()
    return base


def build(
    instructions: Sequence[Instruction],
    source: Path,
    base: Path,
    root: Path,
    binds: Sequence[Path],
    packages: Path | None = None,
) -> Image:
    """Do the steps in ``root``.

    Args:
        source: the checkout, of which only the build context is used.
        base: the Debian that stands for the image of FROM.
        binds: files and folders of this machine that pip needs, at the same place.
        packages: a `.venv` of an earlier build, which is taken over: the step that installs them then looks
            whether they are the right ones, and is done.

    Raises:
        subprocess.CalledProcessError: if a step fails.
    """
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "--archive", base, root)
    image = Image(root)
    arguments: dict[str, str] = {}
    for path in (Path("/etc/resolv.conf"), *binds):
        bind(path, root)
    for special in ("proc", "dev"):
        run("mount", "--rbind", f"/{special}", root / special)
    files = context(source)
    for instruction in instructions:
        print(f"--- {instruction.name} {instruction.text}", flush=True)
        match instruction.name:
            case "ENV":
                image.environment |= instruction.pairs
            case "ARG":
                arguments |= instruction.pairs
            case "WORKDIR":
                image.folder = instruction.text
                inside(image.folder, root).mkdir(parents=True, exist_ok=True)
            case "COPY":
                copy(instruction.words, files, source, image)
            case "RUN":
                if packages is not None and not (place := inside(image.folder, root) / ".venv").exists():
                    packages.rename(place)
                step(instruction.text, image, arguments)
            case "VOLUME":
                image.volumes += instruction.words
            case "USER":
                image.user = instruction.text
            case "CMD":
                image.command = instruction.words
            case "HEALTHCHECK":
                image.check = instruction.words
    return image


def inside(path: str | Path, root: Path) -> Path:
    """A path of the image as a path of this machine."""
    return root / str(path).lstrip("/")


def bind(path: Path, root: Path) -> None:
    target = inside(path, root)
    if path.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    run("mount", "--bind", path, target)


def copy(words: Sequence[str], files: Sequence[str], source: Path, image: Image) -> None:
    """COPY: a folder's content goes into the target, a file keeps its name."""
    *sources, target = words
    place = inside(image.folder, image.root) / target
    for name in sources:
        for file in files:
            if file == name:
                found = place / Path(name).name if target.endswith("/") else place
            elif file.startswith(f"{name}/"):
                found = place / file.removeprefix(f"{name}/")
            else:
                continue
            found.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / file, found)
            os.chown(found, 0, 0)


def step(command: str, image: Image, arguments: dict[str, str]) -> None:
    """RUN, as root, with what tells pip where packages come from."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.endswith("_proxy")
    }
    environment = image.environment | arguments | ours
    pairs = [f"{name}={value}" for name, value in environment.items()]
    run("chroot", image.root, "/usr/bin/env", "-i", "-C", image.folder, *pairs, "/bin/sh", "-ec", command)


def run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)
