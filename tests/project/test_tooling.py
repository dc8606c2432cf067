"""The set-up, the search for a Chromium, and what must hold for every file of the repository."""

import ast
import http.server
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from app.startup.bundles import BUNDLES
from scripts import bootstrap, find_chromium
from tests.support.places import ROOT

SH = shutil.which("sh") or "/bin/sh"


def executable(path: Path, script: str) -> Path:
    """A shell script that stands in for a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{SH}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# ---- scripts/setup.sh: which Python ------------------------------------------------------------------------

WORKS = f'[ "$1" = -c ] && exec {shlex.quote(sys.executable)} "$@"; echo "{{name}} runs $@"'
FAILS = "echo 'command not found' >&2; exit 127"
TOO_OLD = (
    f'[ "$1" = -c ] && exec {shlex.quote(sys.executable)} -c "import sys; sys.version_info = (3, 9, 2); $2"'
)
TOO_NEW = TOO_OLD.replace("(3, 9, 2)", "(3, 15, 0)")
WITHOUT_VENV = f'case "$2" in *ensurepip*) exit 1 ;; esac; {WORKS}'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder, with a space in its name, that holds setup.sh and nothing else."""
    folder = tmp_path / "a folder"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", folder / "scripts")
    return folder


def setup(
    checkout: Path, on_path: dict[str, str], *arguments: str, python: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run setup.sh where PATH has only the given stand-ins."""
    programs = checkout.parent / "bin"
    programs.mkdir()
    for name, script in on_path.items():
        executable(programs / name, script.replace("{name}", name))
    environment = {"PATH": str(programs), "PYTHON": python}
    command = [SH, "scripts/setup.sh", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command ended that could not do its work."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_setup_takes_the_first_python_that_runs(checkout: Path) -> None:
    done = setup(checkout, {"python3.13": FAILS, "python3.12": WORKS, "python3": WORKS}, "--dev")
    assert done.stdout == "python3.12 runs scripts/bootstrap.py --dev\n"


@pytest.mark.parametrize("script", [FAILS, TOO_OLD, TOO_NEW], ids=["fails", "too-old", "too-new"])
def test_setup_rejects_an_unsuitable_python(checkout: Path, script: str) -> None:
    assert "needs Python 3.11 to 3.14 and found none" in sentence(setup(checkout, {"python3": script}))


def test_setup_without_any_python(checkout: Path) -> None:
    assert "needs Python 3.11 to 3.14 and found none" in sentence(setup(checkout, {}))


def test_setup_says_which_package_brings_venv(checkout: Path) -> None:
    line = sentence(setup(checkout, {"python3": WITHOUT_VENV}))
    assert line.startswith("python3 cannot make virtual environments")
    assert "apt-get install python3-venv" in line


def test_setup_prefers_a_python_with_venv(checkout: Path) -> None:
    done = setup(checkout, {"python3.12": WITHOUT_VENV, "python3.11": WORKS})
    assert done.stdout == "python3.11 runs scripts/bootstrap.py\n"


def test_setup_takes_the_python_that_is_named(checkout: Path) -> None:
    named = executable(checkout / "my python", WORKS.replace("{name}", "mine"))
    done = setup(checkout, {"python3": WORKS}, python=str(named))
    assert done.stdout == "mine runs scripts/bootstrap.py\n"


def test_setup_takes_no_other_python_than_the_one_named(checkout: Path) -> None:
    assert "PYTHON=python9 is not a Python" in sentence(setup(checkout, {"python3": WORKS}, python="python9"))


def test_setup_reuses_the_environment(checkout: Path) -> None:
    executable(checkout / ".venv" / "bin" / "python", WORKS.replace("{name}", "ours"))
    assert setup(checkout, {"python3": WORKS}).stdout == "ours runs scripts/bootstrap.py\n"


# ---- scripts/bootstrap.py: what is installed ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "nvidia", "cpu"),
    [("Linux", False, True), ("Linux", True, False), ("Darwin", False, False), ("Darwin", True, False)],
)
def test_cpu_torch_only_on_linux_without_a_card(system: str, nvidia: bool, cpu: bool) -> None:
    assert bootstrap.wants_cpu_torch(system, nvidia) is cpu


def test_nvidia_smi_tells_of_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "nvidia-smi", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.has_nvidia()


def test_an_image_for_cards_is_built_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PUZZLESCOPE_DEVICE", "cpu")
    without = bootstrap.has_nvidia()
    monkeypatch.setenv("PUZZLESCOPE_DEVICE", "cuda")
    assert bootstrap.has_nvidia() and without == Path("/dev/nvidia0").exists()


def test_intel_macs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, machine in [("Darwin", "arm64"), ("Linux", "x86_64"), ("Linux", "aarch64")]:
        bootstrap.check_platform(system, machine)
    with pytest.raises(bootstrap.SetupError, match="no build for Intel Macs"):
        bootstrap.check_platform("Darwin", "x86_64")


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """A web server on a free port that answers 404 to everything."""
    with http.server.HTTPServer(("127.0.0.1", 0), SilentHandler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield "127.0.0.1", running.server_port
        running.shutdown()
        thread.join()


class SilentHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/there" else 404)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_reachable(server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    address = "http://{}:{}".format(*server)
    assert bootstrap.reachable(f"{address}/there")
    assert not bootstrap.reachable(f"{address}/elsewhere")
    assert not bootstrap.reachable("http://127.0.0.1:1/there")


def test_reachable_waits_no_longer_than_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that never answers is not covered by urllib's own time limit."""
    gave_up = threading.Event()

    def hang(*_: object, **__: object) -> None:
        gave_up.wait(30)
        raise TimeoutError

    monkeypatch.setattr("urllib.request.urlopen", hang)
    assert not bootstrap.reachable("https://example.org", seconds=0.05)
    gave_up.set()


def test_fingerprint_follows_the_files_and_python(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a==1")
    two.write_text("b==1")
    before = bootstrap.fingerprint([one, two], "3.12")
    assert bootstrap.fingerprint([one, two], "3.12") == before
    assert bootstrap.fingerprint([one, two], "3.13") != before
    one.write_text("a==2")
    assert bootstrap.fingerprint([one, two], "3.12") != before


def test_pinned(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("torchvision==1.0\ntorch==2.0.1  # why\n")
    assert bootstrap.pinned(file, "torch") == "2.0.1"
    with pytest.raises(bootstrap.SetupError, match="Expected an exact pin of numpy"):
        bootstrap.pinned(file, "numpy")


class Recorder(bootstrap.Environment):
    """An environment of this very Python whose pip only notes what it was asked to install."""

    def __init__(self, folder: Path, succeeds: bool = True) -> None:
        super().__init__(folder)
        self.python = Path(sys.executable)
        self.succeeds = succeeds
        self.pip: list[str] = []
        self.torch_there = True
        folder.mkdir()

    def pip_install(self, *arguments: str | Path) -> bool:
        assert self.unfinished.exists()
        self.pip.append(" ".join(str(argument) for argument in arguments))
        return self.succeeds

    def has_torch(self, version: str) -> bool:
        return self.torch_there


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in bootstrap.requirement_files(ROOT, dev=True):
        shutil.copy(file, tmp_path)
    return tmp_path


def test_bootstrap_installs_once(project: Path) -> None:
    environment = Recorder(project / ".venv")
    for _ in range(2):
        bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert environment.pip == [f"-r {project}/requirements.txt -c {project}/constraints.txt"]


def test_bootstrap_puts_the_bundle_in_its_place(project: Path) -> None:
    (project / "app" / "startup").mkdir(parents=True)
    (project / "app" / "startup" / "bundles.py").write_text(
        "from pathlib import Path\nPath('made').touch()\n"
    )
    environment = Recorder(project / ".venv")
    for _ in range(2):  # when the packages are installed, and when they are there but the bundle has gone
        bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
        (project / "made").unlink()
    (project / "app" / "static").mkdir()
    for one in BUNDLES:
        (project / "app" / "static" / one.file).touch()
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert not (project / "made").exists() and len(environment.pip) == 1


@pytest.mark.parametrize("changed", ["requirements.txt", "constraints.txt"])
def test_bootstrap_installs_again_after_a_change(project: Path, changed: str) -> None:
    environment = Recorder(project / ".venv")
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    with (project / changed).open("a") as file:
        file.write("# a change\n")
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert len(environment.pip) == 2


def test_the_developers_installation_serves_both(project: Path) -> None:
    environment = Recorder(project / ".venv")
    for dev in (False, True, False, True):
        bootstrap.bootstrap(project, environment, dev=dev, explicit_python=False)
    assert [command.split()[1] for command in environment.pip] == [
        f"{project}/requirements.txt",
        f"{project}/requirements-dev.txt",
    ]


def test_a_failed_installation_leaves_no_stamp(project: Path) -> None:
    environment = Recorder(project / ".venv", succeeds=False)
    with pytest.raises(bootstrap.SetupError, match="run the same command again"):
        bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert list(environment.folder.iterdir()) == []
    environment.succeeds = True
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert len(environment.pip) == 2


def test_a_killed_installation_starts_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = Recorder(project / ".venv")
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    environment.unfinished.touch()
    made: list[list[str | Path]] = []
    monkeypatch.setattr(bootstrap, "run", made.append)
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    assert made == [[sys.executable, "-m", "venv", "--clear", environment.folder]]
    assert len(environment.pip) == 2


@pytest.mark.parametrize(
    ("answers", "works", "commands"),
    [(True, True, 1), (True, False, 1), (False, True, 0)],
    ids=["from the CPU index", "the CPU index lacks it", "the CPU index is out of reach"],
)
def test_torch_falls_back_to_the_default_index(
    project: Path, monkeypatch: pytest.MonkeyPatch, answers: bool, works: bool, commands: int
) -> None:
    environment = Recorder(project / ".venv")
    environment.torch_there = False
    installs: list[str] = []

    def pip_install(*arguments: str | Path) -> bool:
        installs.append(" ".join(str(argument) for argument in arguments))
        return works or "--index-url" not in arguments

    monkeypatch.setattr(environment, "pip_install", pip_install)
    monkeypatch.setattr(bootstrap, "reachable", lambda url: answers)
    monkeypatch.setattr(bootstrap, "wants_cpu_torch", lambda *_: True)
    bootstrap.bootstrap(project, environment, dev=False, explicit_python=False)
    *from_cpu_index, rest = installs
    torch = bootstrap.pinned(project / "requirements.txt", "torch")
    assert len(from_cpu_index) == commands
    assert all(f"--index-url {bootstrap.CPU_INDEX} torch=={torch}" in command for command in from_cpu_index)
    assert "--index-url" not in rest


def test_a_real_environment_is_made_and_kept(tmp_path: Path) -> None:
    environment = bootstrap.Environment(tmp_path / "a folder" / ".venv")
    version = "{}.{}".format(*sys.version_info)
    assert environment.version() is None
    bootstrap.run([sys.executable, "-m", "venv", "--without-pip", environment.folder])
    assert environment.version() == version
    assert not environment.has_torch("1.0")
    (environment.folder / "kept").touch()
    environment.ensure(version)
    assert (environment.folder / "kept").exists()
    assert environment.ask("import pip") is not None


# ---- scripts/find_chromium.py ------------------------------------------------------------------------------

CHROMIUM = 'echo "Chromium 1.2.3"'
SNAP_STUB = "echo 'requires the chromium snap to be installed' >&2; exit 1"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Chromium: PATH is this empty folder, and Playwright knows none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(find_chromium, "MACOS_APPS", ())
    monkeypatch.setattr(find_chromium, "ASK_PLAYWRIGHT", "raise SystemExit(1)")
    monkeypatch.setattr(find_chromium, "as_root", lambda: None)
    return tmp_path


def test_the_chromium_of_this_machine_runs() -> None:
    assert find_chromium.runs(find_chromium.find_chromium())


def test_no_chromium(machine: Path) -> None:
    with pytest.raises(find_chromium.NoChromiumError, match="apt-get install chromium") as raised:
        find_chromium.find_chromium()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", find_chromium.NAMES)
def test_chromium_on_the_path(machine: Path, name: str) -> None:
    expected = executable(machine / name, CHROMIUM)
    assert find_chromium.find_chromium() == expected


def test_a_stub_is_passed_over(machine: Path) -> None:
    executable(machine / "chromium-browser", SNAP_STUB)
    expected = executable(machine / "google-chrome", CHROMIUM)
    assert find_chromium.find_chromium() == expected


def test_chromium_of_macos(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_chromium, "MACOS_APPS", ("Some Chromium",))
    monkeypatch.setenv("HOME", str(machine))
    bundle = machine / "Applications" / "Some Chromium.app" / "Contents" / "MacOS"
    expected = executable(bundle / "Some Chromium", CHROMIUM)
    assert find_chromium.find_chromium() == expected


def test_playwrights_own_chromium(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = executable(machine / "elsewhere" / "chrome", CHROMIUM)
    monkeypatch.setattr(find_chromium, "ASK_PLAYWRIGHT", f"print({str(expected)!r})")
    assert find_chromium.find_chromium() == expected


def test_playwright_is_asked_in_words_that_it_knows() -> None:
    """Whether or not its own Chromium has been downloaded, Playwright says where it would be."""
    assert find_chromium.output([sys.executable, "-c", find_chromium.ASK_PLAYWRIGHT])


def test_the_named_chromium_goes_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(machine / "chromium", CHROMIUM)
    expected = executable(machine / "mine", CHROMIUM)
    monkeypatch.setenv("CHROMIUM", str(expected))
    assert find_chromium.find_chromium() == expected


def test_a_named_chromium_that_does_not_run_is_an_error(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(machine / "chromium", CHROMIUM)
    monkeypatch.setenv("CHROMIUM", str(machine / "missing"))
    for find in (find_chromium.find_chromium, find_chromium.find_or_install):
        with pytest.raises(find_chromium.NoChromiumError, match="missing is not a Chromium that runs"):
            find()


@pytest.mark.parametrize(
    ("root", "system", "expected"),
    [
        ([], "debian", ["apt-get update", "apt-get install", "playwright install chromium"]),
        (["sudo", "-n"], "debian", ["apt-get update", "apt-get install", "playwright install chromium"]),
        ([], "ubuntu", ["playwright install-deps", "playwright install chromium"]),
        (None, "debian", ["playwright install chromium"]),
        (None, "", ["playwright install chromium"]),
    ],
)
def test_how_a_chromium_is_got(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    root: list[str] | None,
    system: str,
    expected: list[str],
) -> None:
    executable(machine / "apt-get", "exit 1")
    monkeypatch.setattr(find_chromium, "as_root", lambda: root)
    monkeypatch.setattr(find_chromium, "distribution", lambda: system)
    commands = list(find_chromium.install_commands())
    assert len(commands) == len(expected)
    for command, words in zip(commands, expected, strict=True):
        said = re.sub(r" -\S+| \S+::\S+=\S+", "", " ".join(command))
        assert words in said
        assert "playwright install chromium" in said or command[: len(root or [])] == (root or [])


def test_install_stops_at_the_first_that_works(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived = machine / "chromium"
    fetch = executable(machine / "fetch", f"echo '#!{SH}\n{CHROMIUM}' > {arrived}; /bin/chmod +x {arrived}")
    useless, never = executable(machine / "useless", "exit 1"), executable(machine / "never", "exit 1")
    commands = iter([[str(useless)], [str(fetch)], [str(never)]])
    monkeypatch.setattr(find_chromium, "install_commands", lambda: commands)
    assert find_chromium.find_or_install() == arrived
    assert next(commands) == [str(never)]


def test_install_that_does_not_help_ends_with_the_sentence(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(find_chromium, "install_commands", lambda: [["/nowhere"]])
    monkeypatch.setattr(sys, "argv", ["find_chromium.py", "--install"])
    assert find_chromium.main() == 1
    assert capsys.readouterr().err.splitlines()[-1] == find_chromium.HOW_TO_GET_ONE


def test_distribution(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    assert find_chromium.distribution(file) == ""
    file.write_text('NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID="debian"\n')
    assert find_chromium.distribution(file) == "debian"


# ---- requirements, Makefile, CI ----------------------------------------------------------------


ASKED = ("requirements.txt", "requirements-dev.txt", "requirements-ray.txt")
"""The files that ask for packages; constraints.txt has what these bring along."""


def requirement_lines(name: str) -> list[str]:
    """The requirements of a file, without comments and references to other files."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-r ")]


def package_names(name: str) -> set[str]:
    return {normal(line.split("==")[0].split("[")[0]) for line in requirement_lines(name)}


def normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("name", [*ASKED, "constraints.txt"])
def test_every_pin_is_exact(name: str) -> None:
    lines = requirement_lines(name)
    assert lines
    for line in lines:
        extra = r"(\[[a-z]+\])?" if name in ASKED else ""  # pip takes none in constraints
        assert re.fullmatch(rf"[A-Za-z0-9._-]+{extra}==[0-9]+(\.[0-9a-z]+)+", line), line
    assert len(package_names(name)) == len(lines)


@pytest.mark.parametrize("name", ASKED)
def test_every_pin_has_its_reason(name: str) -> None:
    pins = [line for line in (ROOT / name).read_text().splitlines() if "==" in line]
    assert [line for line in pins if not re.search(r"==\S+ +# \S", line)] == []


def test_a_package_is_pinned_in_one_place() -> None:
    run, dev, ray, brought = map(package_names, (*ASKED, "constraints.txt"))
    assert not run & (dev | ray | brought) and not ray & (dev | brought)


def test_ray_is_an_extra_that_developers_have() -> None:
    """Of the package, not of the image, and not of `make run`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["tool"]["setuptools"]["dynamic"]["optional-dependencies"]
    assert extras == {"ray": {"file": ["requirements-ray.txt"]}}
    assert package_names("requirements-ray.txt") == {"ray", "grpcio"}
    assert "-r requirements-ray.txt" in (ROOT / "requirements-dev.txt").read_text().splitlines()
    assert ROOT / "requirements-ray.txt" in bootstrap.requirement_files(ROOT, dev=True)
    assert ROOT / "requirements-ray.txt" not in bootstrap.requirement_files(ROOT, dev=False)
    assert "requirements-ray.txt" not in (ROOT / "Dockerfile").read_text()


def test_developers_and_users_have_the_same_versions() -> None:
    """Some packages are a developer's tool and brought along by another package, too."""
    both = package_names("requirements-dev.txt") & package_names("constraints.txt")
    assert "beartype" in both
    lines = requirement_lines("requirements-dev.txt") + requirement_lines("constraints.txt")
    assert len({line for line in lines if normal(line.split("==")[0]) in both}) == len(both)


def test_constraints_hold_on_every_platform() -> None:
    for package in package_names("constraints.txt"):
        assert not package.startswith(("nvidia", "cuda", "triton", "torch", "pyobjc", "pywin32")), package


def test_streamlit_knows_every_option_of_the_configuration() -> None:
    from streamlit import config

    written = tomllib.loads((ROOT / "app" / ".streamlit" / "config.toml").read_text())
    known = set(config._config_options_template)
    assert [name for name in option_names(written) if name not in known] == []
    assert written["runner"]["postScriptGC"] is False
    assert written["browser"]["gatherUsageStats"] is False


def option_names(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from option_names(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_nothing_in_the_configuration_comes_from_outside() -> None:
    assert "://" not in (ROOT / "app" / ".streamlit" / "config.toml").read_text()


def test_make_lists_its_commands() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\S+) ", done.stdout, re.MULTILINE)
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"run", "test", "lint"} <= set(listed)
    assert set(phony.split()) - set(listed) == {"setup", "setup-dev"}  # which the others call


@pytest.mark.parametrize("arguments", [["PORT=8600", "HOSTS=a b"], []], ids=["argument", "environment"])
def test_make_run_hands_over_where_to_listen(arguments: list[str]) -> None:
    """And the command does the rest, as wherever the dashboard is started."""
    environment = {**os.environ, **({} if arguments else {"PORT": "8600", "HOSTS": "a b"})}
    environment.pop("MAKEFLAGS", None)  # of the `make test` that runs this
    command = ["make", "--dry-run", "--no-print-directory", "run", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words[2:] == [
        "-m",
        "app.startup.command",
        "run",
        "--address",
        "127.0.0.1",
        "--port",
        "8600",
        "--hosts",
        "a b",
    ]


def test_ci_lints_and_ends_with_the_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make")] == ["make lint", "make test"]
    assert lines[-1] == "make test"


# ---- every source file -------------------------------------------------------------------------------------


FOLDERS = ("app", "benchmarks", "interp", "scripts", "tests")


def source_files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


@cache
def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports."""
    return roots([ast.parse(file.read_text())])


def imported_by(*folders: str) -> set[str]:
    return {name for file in source_files(*folders) for name in imported(file)}


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that a file imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def roots(trees: Iterable[ast.AST]) -> set[str]:
    """The top-level packages that these import."""
    return {name.split(".")[0] for tree in trees for name in imports(tree)}


def calls(tree: ast.AST) -> Iterator[str]:
    """The names, with dots, of what a file calls."""
    yield from (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def only_names_its_error(tree: ast.AST) -> bool:
    """Whether all that a file takes from pickle is the error that PyTorch's restricted reader raises."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "pickle"]
    used = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return len(names) == used.count("pickle.UnpicklingError")


def unsafe(tree: ast.AST) -> list[str]:
    """What can run code that came in a file or a link: pickle and its like, eval, exec, an unguarded
    torch.load."""
    picklers = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    found = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and roots([node]) & picklers
        if not (ast.unparse(node) == "import pickle" and only_names_its_error(tree))
    ]
    found += [name for name in calls(tree) if name in {"eval", "exec", "builtins.eval", "builtins.exec"}]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            name = ast.unparse(node.func)
            if name == "torch.load" and options.get("weights_only") != "True":
                found.append(name)
            if name in {"np.load", "numpy.load"} and options.get("allow_pickle", "False") != "False":
                found.append(name)
    return found


def test_no_file_can_be_made_to_run_foreign_code() -> None:
    files = source_files("app", "benchmarks", "interp", "scripts")
    found = {str(file.relative_to(ROOT)): unsafe(ast.parse(file.read_text())) for file in files}
    assert found
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle\npickle.loads(x)",
        "import pickle\nexcept_ = pickle.UnpicklingError\nload = pickle.load",
        "import pickle as p",
        "def f():\n    from pickle import loads",
        "import dill as p",
        "eval(x)",
        "exec(x)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_check_for_foreign_code_can_fail(code: str) -> None:
    assert len(unsafe(ast.parse(code))) == 1


def test_the_check_for_foreign_code_can_pass() -> None:
    code = (
        "model.eval(); torch.load(path, weights_only=True); np.load(path, allow_pickle=False); np.load(path)"
    )
    assert unsafe(ast.parse(code)) == []
    assert unsafe(ast.parse("import pickle\ntry: f()\nexcept pickle.UnpicklingError: pass")) == []


def test_the_library_knows_nothing_of_the_dashboard() -> None:
    assert not imported_by("interp") & {"streamlit", "app"}


MODULE_OF = {
    "argon2-cffi": "argon2",
    "axe-playwright-python": "axe_playwright_python",
    "grpcio": "grpc",
    "huggingface-hub": "huggingface_hub",
    "pillow": "PIL",
    "protobuf": "google",
    "prometheus-client": "prometheus_client",
    "pytest-xdist": "xdist",
    "pyyaml": "yaml",
    "transformer-lens": "transformer_lens",
}


def test_every_import_is_pinned() -> None:
    """No file leans on a package that is there only because another one brings it along."""
    ours = set(FOLDERS)
    packages = package_names("requirements.txt") | package_names("requirements-ray.txt")
    run = {MODULE_OF.get(package, package) for package in packages}
    dev = {MODULE_OF.get(package, package) for package in package_names("requirements-dev.txt")}
    used = imported_by("app", "interp") - set(sys.stdlib_module_names) - ours
    assert used - run == set()
    used = imported_by("scripts", "tests") - set(sys.stdlib_module_names) - ours
    assert used - run - dev == set()
