"""The Dockerfile, and what does its steps without a container engine (``scripts/bare_root``)."""

from pathlib import Path

import pytest

from scripts.bare_root import build
from scripts.bare_root.dockerfile import DockerfileError, Instruction, context, parse
from tests.support.places import ROOT

STEPS = parse((ROOT / "Dockerfile").read_text())


def words(name: str) -> list[str]:
    (found,) = [one for one in STEPS if one.name == name]
    return found.words


def test_it_copies_what_the_context_has() -> None:
    files = context(ROOT)
    sources = [word for one in STEPS if one.name == "COPY" for word in one.words[:-1]]
    assert {"app", "interp", "assets", "requirements.txt", "constraints.txt"} <= set(sources)
    for source in sources:
        assert any(file == source or file.startswith(f"{source}/") for file in files), source
    unused = [file for file in files if not any(file == s or file.startswith(f"{s}/") for s in sources)]
    assert unused == []


def test_no_secret_and_nothing_made_here_gets_in() -> None:
    files = context(ROOT)
    assert not [f for f in files if "__pycache__" in f or f.endswith((".pyc", ".partial", "secrets.toml"))]
    assert "app/static/icon.svg" in files and "app/static/plotly.js" not in files


def test_it_serves_the_dashboard_to_others_as_an_ordinary_user() -> None:
    command = words("CMD")
    assert command[1:] == ["-m", "app.startup.command", "run", "--address=0.0.0.0", "--port=8501"]
    assert words("EXPOSE") == ["8501"] and words("STOPSIGNAL") == ["SIGTERM"]
    assert words("USER") == ["10001:10001"] and words("VOLUME") == ["/data"]
    said = {name: value for one in STEPS if one.name == "ENV" for name, value in one.pairs.items()}
    assert said["PUZZLESCOPE_DATA"] == "/data" and said["HOME"] == "/tmp"
    assert not [name for name in said if name in ("PUZZLESCOPE_OPEN", "STREAMLIT_SERVER_ALLOWED_HOSTS")]


def test_packages_come_before_the_code() -> None:
    """Else each change of the code would install them again."""
    order = [f"{one.name} {one.text}" for one in STEPS]
    installed = next(i for i, text in enumerate(order) if "scripts/bootstrap.py" in text and "RUN" in text)
    assert installed < order.index("COPY app app")


def test_a_dockerfile_is_read() -> None:
    text = (
        '# a comment\nFROM x\nENV A=1 \\\n    B="two words"\n\nHEALTHCHECK --interval=3s CMD ["a", "b c"]\n'
    )
    steps = parse(text)
    assert [one.name for one in steps] == ["FROM", "ENV", "HEALTHCHECK"]
    assert steps[1].pairs == {"A": "1", "B": "two words"} and steps[2].words == ["a", "b c"]
    with pytest.raises(DockerfileError, match="ADD"):
        parse("ADD http://example.org/x /x")


def test_later_patterns_of_dockerignore_win(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("# all but these\n*\n!app\n!one.txt\n**/__pycache__\napp/*.js\n")
    for name in ("one.txt", "two.txt", "app/a.py", "app/b.js", "app/in/c.js", "app/in/__pycache__/d.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert context(tmp_path) == ["app/a.py", "app/in/c.js", "one.txt"]


def test_copy_puts_a_folders_content_and_a_file_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build.os, "chown", lambda *_: None)
    source, image = tmp_path / "source", build.Image(tmp_path / "root", folder="/srv")
    for name in ("app/a.py", "one.txt", "scripts/b.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    files = ["app/a.py", "one.txt", "scripts/b.py"]
    for text in ("one.txt ./", "scripts/b.py scripts/", "app application"):
        build.copy(Instruction("COPY", text).words, files, source, image)
    made = sorted(p.relative_to(image.root).as_posix() for p in image.root.rglob("*") if p.is_file())
    assert made == ["srv/application/a.py", "srv/one.txt", "srv/scripts/b.py"]
