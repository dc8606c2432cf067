"""The files of ``deploy/``: each is checked by its own schema or tool, and they agree with each other."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.server.settings import read
from app.server.words import Words
from interp.errors import PuzzlescopeError
from scripts.bare_root import machine
from scripts.bare_root.dockerfile import parse
from scripts.find_program import SYSTEMD_ANALYZE, NoProgramError, Program, wanted
from tests.support.deploy.nginx import install, words
from tests.support.places import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = parse((ROOT / "Dockerfile").read_text())
UNITS = ("puzzlescope.service", "puzzlescope@.service")


def instruction(name: str) -> list[str]:
    """The words of the one instruction of this name."""
    (found,) = [one for one in DOCKERFILE if one.name == name]
    return found.words


def parse_bytes(text: str) -> int:
    """Of 4G, 5g, 6Gi, which mean the same in all these files."""
    number, unit = re.fullmatch(r"(\d+)([KMGkmg])i?", text).groups()
    return int(number) << {"k": 10, "m": 20, "g": 30}[unit.lower()]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)


# ---- compose -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def compose_says() -> dict[str, str]:
    """What the file of compose's own settings says."""
    lines = (DEPLOY / "compose.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_each_way_bounds_connections_and_the_log(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["ulimits"]["nofile"] == {"soft": 16384, "hard": 16384}
        assert service["logging"]["options"] == {"max-size": "20m", "max-file": "3"}
    assert "--ulimit nofile=16384:16384 --log-opt max-size=20m --log-opt max-file=3" in PAGE
    for unit in UNITS:
        assert "LimitNOFILE=16384" in unit_lines(unit)


@pytest.mark.parametrize(("old", "new", "code"), [("", "", 0), ("cap_drop:", "cap_dropped:", 1)])
def test_compose_follows_its_schema(old: str, new: str, code: int, tmp_path: Path) -> None:
    """The schema is within the checker: nothing is asked of the network."""
    file = tmp_path / "compose.yaml"
    file.write_text((DEPLOY / "compose.yaml").read_text().replace(old, new))
    found = run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file)
    assert found.returncode == code, found.stdout


def test_compose_gives_the_server_as_little_as_it_needs(compose: dict[str, Any]) -> None:
    app = compose["services"]["app"]
    assert app["read_only"] and app["cap_drop"] == ["ALL"] and "ports" not in app
    assert app["security_opt"] == ["no-new-privileges:true"]
    assert [mount.split(":")[1] for mount in app["volumes"]] == instruction("VOLUME")
    assert app["healthcheck"]["test"][1:] == instruction("HEALTHCHECK")
    assert parse_bytes(app["mem_limit"]) > parse_bytes(compose_says()["PUZZLESCOPE_MEMORY"])


def test_compose_mounts_files_that_are_there(compose: dict[str, Any]) -> None:
    mounts = [mount.split(":") for mount in compose["services"]["nginx"]["volumes"]]
    made_by_hand = {"./tls"}
    assert [source for source, *_ in mounts if not (DEPLOY / source).exists()] in ([], sorted(made_by_hand))
    names = {Path(target).name for _, target, _ in mounts}
    mentioned = re.findall(
        r"include puzzlescope/(\S+);", "".join(f.read_text() for f in DEPLOY.glob("nginx/*"))
    )
    assert set(mentioned) <= names
    # The second is not in the repository, which has an example.
    assert compose["services"]["app"]["env_file"] == ["compose.env", "settings.env"]
    assert "environment" not in compose["services"]["app"]  # it would beat what an administrator writes
    assert (DEPLOY / "compose.env").is_file()


def test_composes_addresses_agree(compose: dict[str, Any]) -> None:
    app, nginx = compose["services"]["app"], compose["services"]["nginx"]
    assert nginx["networks"]["inside"]["ipv4_address"] == compose_says()["PUZZLESCOPE_TRUSTED_PROXIES"]
    upstream = (DEPLOY / "nginx" / "upstream.compose.conf").read_text()
    (port,) = instruction("EXPOSE")
    assert f"server {app['networks']['inside']['ipv4_address']}:{port} " in upstream


def test_nginx_reads_composes_upstream(tmp_path: Path) -> None:
    install(tmp_path, [8501])
    (tmp_path / "puzzlescope" / "upstream.compose.conf").replace(tmp_path / "puzzlescope" / "upstream.conf")
    found = run(*words(tmp_path), "-t")
    assert found.returncode == 0, found.stderr


# ---- Kubernetes --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifests() -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize(("old", "new", "code"), [("", "", 0), ("readinessProbe:", "readynessProbe:", 1)])
def test_the_manifests_follow_their_schemas(
    version: str, old: str, new: str, code: int, tmp_path: Path
) -> None:
    file = tmp_path / "kubernetes.yaml"
    file.write_text((DEPLOY / "kubernetes.yaml").read_text().replace(old, new))
    found = run(sys.executable, "-m", "kubernetes_validate", "--strict", "-k", version, file)
    assert found.returncode == code, found.stdout + found.stderr


def test_the_manifests_fit_together(manifests: dict[str, Any]) -> None:
    pod, service = manifests["Deployment"]["spec"]["template"], manifests["Service"]
    labels = pod["metadata"]["labels"]
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert (
        service["spec"]["selector"]
        == manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
        == labels
    )
    (rule,) = manifests["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert [rule["host"]] == manifests["Ingress"]["spec"]["tls"][0]["hosts"]
    annotations = service["metadata"]["annotations"] | manifests["Ingress"]["metadata"]["annotations"]
    assert all(isinstance(value, str) for value in annotations.values())


def test_what_differs_from_cluster_to_cluster_is_marked(manifests: dict[str, Any]) -> None:
    """Every line with a name or a network of the example, and no fixed number of them."""
    lines = (DEPLOY / "kubernetes.yaml").read_text().splitlines()
    own = re.compile(r"example|10\.0\.0\.0/8|ingressClassName")
    to_set = [line for line in lines if own.search(line) and not line.lstrip().startswith("#")]
    assert len(to_set) == 8 and [line for line in to_set if "# SET: " not in line] == []
    assert "the lines marked SET" in PAGE and manifests["Ingress"]["spec"]["ingressClassName"]


def test_every_ingress_that_is_promised_is_let_in(manifests: dict[str, Any]) -> None:
    """ingress-nginx, Traefik, that of k3s, and HAProxy's; and what reads the metrics may do so."""
    (rule,) = manifests["NetworkPolicy"]["spec"]["ingress"]
    names = [one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for one in rule["from"]]
    assert names == ["ingress-nginx", "traefik", "kube-system", "haproxy-controller", "monitoring"]
    assert rule["from"][2]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "traefik"}
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "PUZZLESCOPE_METRICS_FROM" in {one["name"] for one in container["env"]}


def test_a_pod_is_what_the_image_is_made_for(manifests: dict[str, Any]) -> None:
    spec = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    user = spec["securityContext"]
    assert instruction("USER") == [f"{user['runAsUser']}:{user['runAsGroup']}"] and user["runAsNonRoot"]
    assert [str(port["containerPort"]) for port in container["ports"]] == instruction("EXPOSE")
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", *instruction("VOLUME")}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    said = {one["name"]: one.get("value") for one in container["env"]}
    assert parse_bytes(said["PUZZLESCOPE_MEMORY"]) < parse_bytes(container["resources"]["limits"]["memory"])


def test_what_waits_for_its_model_is_not_killed_for_it(manifests: dict[str, Any]) -> None:
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": "/ready", "readiness": "/ready", "liveness": "/live"}


# ---- systemd -----------------------------------------------------------------------------------------------


def unit_lines(name: str) -> list[str]:
    lines = (DEPLOY / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture
def analyze() -> Path:
    return SYSTEMD_ANALYZE.find()


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(name: str, analyze: Path, tmp_path: Path) -> None:
    """With this machine's Python, under a path without a space, in place of the one that is installed."""
    unit, python = tmp_path / name, tmp_path / "python"
    python.symlink_to(sys.executable)
    unit.write_text((DEPLOY / name).read_text().replace("/opt/puzzlescope/.venv/bin/python", str(python)))
    found = run(analyze, "verify", "--man=no", unit)
    assert (found.returncode, found.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectSystem=", "ProtectSytem="))
    assert "ProtectSytem" in run(analyze, "verify", "--man=no", unit).stderr  # the check can fail


@pytest.mark.parametrize("name", UNITS)
def test_systemd_shuts_the_server_in(name: str, analyze: Path) -> None:
    found = run(analyze, "security", "--offline=true", "--no-pager", DEPLOY / name)
    (level,) = re.findall(r"Overall exposure level for \S+: (\S+)", found.stdout)
    assert float(level) < 2  # of 10; 9.6 without any of it


def test_the_units_differ_in_the_port_alone() -> None:
    one, many = map(unit_lines, UNITS)
    assert [line.replace("8501", "%i") for line in one[1:]][1:] == many[2:]
    assert len(one) == len(many)


@pytest.mark.parametrize("name", UNITS)
def test_the_units_start_what_the_image_starts(name: str) -> None:
    said = dict(line.split("=", 1) for line in unit_lines(name) if line.startswith("Exec"))
    port = "%i" if "@" in name else "8501"
    start, check = shlex.split(said["ExecStart"]), shlex.split(said["ExecStartPost"])
    assert start[1:4] == instruction("CMD")[1:4]
    assert start[4:] == ["--address", "127.0.0.1", "--port", port]
    assert check[1:] == [
        *instruction("HEALTHCHECK")[1:],
        "--port",
        port,
        "--wait",
        "150",
        "--pid",
        "$MAINPID",
    ]


def test_the_kernels_bound_is_above_the_servers() -> None:
    text = (DEPLOY / UNITS[0]).read_text()
    said, high, most = (
        parse_bytes(re.search(rf"{name}=(\w+)", text)[1])
        for name in ("PUZZLESCOPE_MEMORY", "MemoryHigh", "MemoryMax")
    )
    assert said < high < most


# ---- the page ----------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "deploy.md").read_text()
VARIABLE = re.compile(r"\bPUZZLESCOPE_[A-Z]+(?:_[A-Z]+)*\b")


def variables_read() -> set[str]:
    """What the code asks of the environment."""
    files = [file for folder in ("app", "interp") for file in (ROOT / folder).rglob("*.py")]
    found = {name for file in files for name in VARIABLE.findall(file.read_text())}
    return {name.removesuffix("_FILE") for name in found}


def test_the_page_has_every_setting_and_no_other() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `PUZZLESCOPE_")]
    listed = [name for row in rows for name in VARIABLE.findall(row.split("|")[1])]
    assert len(listed) == len(set(listed))
    assert set(listed) == variables_read()
    mentioned = {name.removesuffix("_FILE") for name in VARIABLE.findall(PAGE)}
    assert mentioned == set(listed)


WRONG = {
    "PUZZLESCOPE_URL": "tools",
    "PUZZLESCOPE_PASSWORD_HASH": "secret",
    "PUZZLESCOPE_OIDC_METADATA_URL": "http://example.org/.well-known/openid-configuration",
    "PUZZLESCOPE_SIGN_IN_HOURS": "0",
    "PUZZLESCOPE_USER_HEADER": "two words",
    "PUZZLESCOPE_FRAMES": "wiki",
    "PUZZLESCOPE_VISITORS": "0",
}
"""Where "wrong" is not wrong enough."""


def test_the_page_quotes_what_a_wrong_setting_is_told() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `PUZZLESCOPE_")]
    told = {name: row[4].strip().strip('"') for row in rows for name in VARIABLE.findall(row[1])}
    quoted = {name: fragment for name, fragment in told.items() if fragment}
    assert len(quoted) > 15
    for name, fragment in quoted.items():
        said = {name: WRONG.get(name, "wrong")}
        if name == "PUZZLESCOPE_OIDC_METADATA_URL":
            secret = "0123456789abcdef0123456789abcdef"
            said |= {"PUZZLESCOPE_URL": "https://a.example.org", "PUZZLESCOPE_COOKIE_SECRET": secret}
            said |= {"PUZZLESCOPE_ALLOWED": "*"}
        with pytest.raises(PuzzlescopeError) as error:
            read(Words(said), "127.0.0.1")
        assert name in str(error.value) and fragment in str(error.value)


def test_the_commands_of_the_plain_machine_are_those_that_are_tried() -> None:
    install, nginx = machine.commands(PAGE)
    assert install[-1].endswith("systemctl enable --now puzzlescope") and nginx[-1].startswith("nginx -t")
    assert len(install) + len(nginx) == 9 and machine.certificate(PAGE).endswith("cert.pem")


def test_the_example_says_what_the_page_says() -> None:
    example = (DEPLOY / "settings.example.env").read_text()
    lines = [line for line in example.splitlines() if re.match(r"(# )?PUZZLESCOPE_", line)]
    names = {line.removeprefix("# ").split("=")[0] for line in lines}
    assert names <= variables_read() and len(names) == len(lines)
    for file in (*UNITS, "compose.yaml", "kubernetes.yaml"):
        found = {name.removesuffix("_FILE") for name in VARIABLE.findall((DEPLOY / file).read_text())}
        assert found <= variables_read(), file


def test_the_page_names_files_that_are_there() -> None:
    words = set(re.findall(r"[\w./@-]+\.(?:yaml|conf|service|env|json|py|sh)\b", PAGE))
    made = {"settings.env"}
    assert (
        "docker compose run --rm --no-deps app puzzlescope password" in PAGE
    )  # a hash, before the first start
    assert "chown 10001 password" in PAGE  # the container's user reads it
    for word in words - made:
        places = [ROOT / word, DEPLOY / word, DEPLOY / "nginx" / Path(word).name]
        assert any(place.is_file() for place in places), word
    links = re.findall(r"\]\(([^)#]+)", PAGE)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_commands_of_the_page_have_the_options_that_they_use() -> None:
    """Those of Puzzlescope itself; nginx, openssl and systemd are run by other tests."""
    found = run(DEPLOY / "puzzlescope", "--help")
    for command in set(re.findall(r"puzzlescope (run|password|status)\b", PAGE)):
        assert f"  {command} " in found.stdout, command
    assert "usage" in run(sys.executable, "-m", "scripts.bare_root", "--help").stdout


def test_the_command_works_from_anywhere(tmp_path: Path) -> None:
    """Also where there is another folder called app, and by a link."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('the wrong app')")
    link = tmp_path / "puzzlescope"
    link.symlink_to(DEPLOY / "puzzlescope")
    found = subprocess.run([link, "run", "--port", "x"], cwd=tmp_path, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (2, "PORT must be a number from 1 to 65535, got 'x'.\n")


# ---- how the programs of these tests are found -------------------------------------------------------------


def test_a_program_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(NoProgramError) as error:
        Program("no-such-program", "--version", "no-package", "macOS: `brew install it`").find()
    assert "`apt-get install no-package`; macOS: `brew install it`" in str(error.value)


def test_a_program_is_found_where_systems_keep_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("scripts.find_program.SYSTEM_FOLDERS", [str(tmp_path)])
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\nexit 0\n")
    with pytest.raises(NoProgramError):
        Program("server", "-v", "p").find()
    program.chmod(0o755)
    assert Program("server", "-v", "p").find() == program


def test_what_is_wanted_is_there() -> None:
    assert [program.find().name for program in wanted()] == [program.name for program in wanted()]
