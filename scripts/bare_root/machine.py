"""A plain machine: the same Debian started with systemd as its first process, on which the commands of
``docs/deploy.md`` are run and what they promise is looked at."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.bare_root.build import bind, run

SECONDS = 900
PACKAGES = ("systemd", "systemd-sysv", "dbus", "nginx-light", "openssl", "curl")
SECTION = "### A plain machine"
NOT_HERE = ("git clone", "sh scripts/setup.sh")
"""Commands of the page that the build has done in its own way."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

UNIT = """
[Unit]
Description=What is tried
[Service]
Type=oneshot
StandardOutput=file:/trial.log
StandardError=file:/trial.log
ExecStart=/bin/bash /trial.sh
"""

START = """
umount {root}/sys/fs/cgroup
mount -t cgroup2 none {root}/sys/fs/cgroup
mount -t proc proc {root}/proc
ip link set lo up
exec chroot {root} env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    --unit=trial.service --log-target=null --show-status=no
"""


def commands(page: str) -> tuple[list[str], list[str]]:
    """The commands of the page's section: those that install the server, and those that put nginx before
    it."""
    section = page.split(SECTION, 1)[1].split("\n### ", 1)[0]
    found = re.findall(r"(?:^    .+\n)+", section, re.MULTILINE)
    blocks = [[line.strip() for line in block.splitlines()] for block in found]
    first, second = ([line for line in block if not line.startswith(NOT_HERE)] for block in blocks)
    return first, second


def certificate(page: str) -> str:
    """The page's command that makes one."""
    (line,) = re.findall(r"^    (openssl req .*)$", page, re.MULTILINE)
    return str(line)


def try_machine(image_root: Path, folder: Path, source: Path) -> Iterator[str]:
    """Start it and do all that. Yields a line for each check, which begins with "ok" or "FAIL".

    Args:
        image_root: what was built. It is not changed.
        folder: for what the machine writes.
        source: the checkout, for its page and ``deploy/``.
    """
    root = _layered(image_root, folder)
    _furnish(root, source)
    _mount_all(root)
    words = ["unshare", "--pid", "--fork", "--kill-child", "--cgroup", "--net", "--uts", "--ipc", "--mount"]
    subprocess.run([*words, "sh", "-ec", START.format(root=root)], timeout=SECONDS)
    lines = (root / "trial.log").read_text().splitlines()
    yield from (line for line in lines if line.startswith(("ok ", "FAIL ")))
    if "DONE" not in lines:
        yield f"FAIL it did not come to its end: {lines[-3:]}"


def _layered(image_root: Path, folder: Path) -> Path:
    """The image's file system with a layer of its own above, and what a machine has beyond the image."""
    parts = {name: folder / "machine" / name for name in ("upper", "work", "root")}
    shutil.rmtree(folder / "machine", ignore_errors=True)
    for part in parts.values():
        part.mkdir(parents=True)
    layers = f"lowerdir={image_root},upperdir={parts['upper']},workdir={parts['work']}"
    run("mount", "-t", "overlay", "overlay", "-o", layers, parts["root"])
    root = parts["root"]
    bind(Path("/etc/resolv.conf"), root)
    for special in ("proc", "dev"):
        run("mount", "--rbind", f"/{special}", root / special)
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    run("chroot", root, *apt, "update")
    run("chroot", root, *apt, "--no-install-recommends", "install", *PACKAGES)
    for special in ("dev", "proc", "etc/resolv.conf"):
        run("umount", "--lazy", root / special)
    return root


def _furnish(root: Path, source: Path) -> None:
    """Put the checkout where the page says, and what is tried beside it."""
    page = (source / "docs" / "deploy.md").read_text()
    shutil.copytree(source / "deploy", root / "srv" / "puzzlescope" / "deploy", dirs_exist_ok=True)
    (root / "opt" / "puzzlescope").symlink_to("/srv/puzzlescope")
    (root / "usr" / "local" / "bin" / "puzzlescope").unlink(missing_ok=True)
    install, nginx = commands(page)
    made = f"(cd /etc/nginx/puzzlescope && {certificate(page)} 2>/dev/null)"
    trial = Path(__file__).with_name("trial.sh").read_text().replace("@INSTALL@", "\n".join(install))
    trial = trial.replace("@NGINX@", "\n".join([nginx[0], made, *nginx[1:]]))
    (root / "trial.sh").write_text(trial)
    (root / "etc" / "systemd" / "system" / "trial.service").write_text(UNIT)


def _mount_all(root: Path) -> None:
    """What a first process expects to find mounted."""
    (root / "sys").mkdir(exist_ok=True)
    run("mount", "-t", "sysfs", "sysfs", root / "sys")
    run("mount", "-t", "tmpfs", "tmpfs", root / "run")
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev")
    for name in DEVICES:
        (root / "dev" / name).touch()
        run("mount", "--bind", f"/dev/{name}", root / "dev" / name)
    (root / "dev" / "pts").mkdir()  # systemd binds it into the units with devices of their own
    run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", root / "dev" / "pts")
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")
    (root / "dev" / "shm").mkdir()
    run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "dev" / "shm")
    run("mount", "-t", "cgroup2", "none", root / "sys" / "fs" / "cgroup")
