"""Who may enter, as the environment says it."""

from pathlib import Path

import pytest

from app.server.gate.settings import GateSettings, read
from app.server.words import Words
from app.startup.password import hashed
from interp.errors import PuzzlescopeError

SECRET = "0123456789abcdef0123456789abcdef"
SALT, DIGEST = "axPkjVvojbgcdWxWjz0sMA", "c3VjaC1hLWRpZ2VzdC1oYXMtMzItYnl0ZXMtaW4taXQ"
HASH = f"$argon2id$v=19$m=65536,t=3,p=4${SALT}${DIGEST}"
PROVIDER = {
    "PUZZLESCOPE_OIDC_METADATA_URL": "https://login.example.org/.well-known/openid-configuration",
    "PUZZLESCOPE_OIDC_CLIENT_ID": "puzzles",
    "PUZZLESCOPE_OIDC_CLIENT_SECRET": "hush",
    "PUZZLESCOPE_URL": "https://puzzles.example.org/",
    "PUZZLESCOPE_COOKIE_SECRET": SECRET,
    "PUZZLESCOPE_ALLOWED": "example.org, bob@other.org",
}
HEADER = {"PUZZLESCOPE_USER_HEADER": "X-Forwarded-Email", "PUZZLESCOPE_TRUSTED_PROXIES": "10.0.0.0/24 ::1"}
PASSWORD = {"PUZZLESCOPE_PASSWORD_HASH": HASH}
OPEN = {"PUZZLESCOPE_OPEN": "1"}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "localhost", "LOCALHOST"])
def test_on_this_machine_nobody_needs_to_sign_in(address: str) -> None:
    assert read(Words({}), address) == GateSettings()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.7", "2001:db8::1", "gpu-box", ""])
def test_elsewhere_something_must_say_who_may_enter(address: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        read(Words({}), address)
    told = str(caught.value)
    assert "\n" not in told and address in told
    for name in ("PASSWORD_HASH", "OIDC_METADATA_URL", "USER_HEADER", "OPEN=1"):
        assert f"PUZZLESCOPE_{name}" in told
    with pytest.raises(PuzzlescopeError, match="nothing says who may enter"):
        read(Words({"PUZZLESCOPE_OPEN": "0"}), address)


@pytest.mark.parametrize(
    ("environ", "way"),
    [(PROVIDER, "provider"), (HEADER, "header"), (PASSWORD, "password"), (OPEN, None)],
)
@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
def test_each_way_is_enough(environ: dict[str, str], way: str | None, address: str) -> None:
    assert read(Words(environ), address).way == way


def test_what_the_provider_needs_is_read() -> None:
    found = read(Words(PROVIDER), "0.0.0.0")
    assert found.url == "https://puzzles.example.org" and found.hours == 12 and found.secret == SECRET
    assert found.provider is not None and found.provider.client_id == "puzzles"
    assert "ann@example.org" in found.allowed and "ann@other.org" not in found.allowed


def test_secrets_are_not_shown() -> None:
    for environ in (PROVIDER, PASSWORD):
        told = repr(read(Words(environ), "0.0.0.0"))
        assert SECRET not in told and "hush" not in told and HASH not in told


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (PROVIDER | PASSWORD, "METADATA_URL and PUZZLESCOPE_PASSWORD_HASH are both set: keep one way"),
        (HEADER | OPEN, "USER_HEADER and PUZZLESCOPE_OPEN are both set: keep one way to enter."),
        ({"PUZZLESCOPE_OPEN": "perhaps"}, "PUZZLESCOPE_OPEN must be 1 or 0, got 'perhaps'"),
        ({"PUZZLESCOPE_OIDC_CLIENT_ID": "x"}, "CLIENT_ID is set, but PUZZLESCOPE_OIDC_METADATA_URL is not"),
        *(
            ({name: value for name, value in PROVIDER.items() if name != missing}, f"needs {missing}, ")
            for missing in list(PROVIDER)[1:]
        ),
        (PROVIDER | {"PUZZLESCOPE_COOKIE_SECRET": "short"}, "must have 32 or more characters .*, got 5"),
        (PROVIDER | {"PUZZLESCOPE_URL": "puzzles"}, "PUZZLESCOPE_URL must be the address .*, got 'puzzles'"),
        (PROVIDER | {"PUZZLESCOPE_URL": "https://a.b/?q=1"}, "PUZZLESCOPE_URL must be the address"),
        (
            PROVIDER | {"PUZZLESCOPE_OIDC_METADATA_URL": "http://login.example.org"},
            "must be an https address",
        ),
        (
            PROVIDER | {"PUZZLESCOPE_ALLOWED": "ann@@x"},
            "PUZZLESCOPE_ALLOWED must list domains .* got 'ann@@x'",
        ),
        (
            PROVIDER | {"PUZZLESCOPE_SIGN_IN_HOURS": "0"},
            "IN_HOURS must be a number from 0.01",
        ),
        (PASSWORD | {"PUZZLESCOPE_ALLOWED": "example.org"}, "nothing tells whose address a visitor has"),
        (HEADER | {"PUZZLESCOPE_TRUSTED_PROXIES": ""}, "USER_HEADER needs PUZZLESCOPE_TRUSTED_PROXIES"),
        (
            HEADER | {"PUZZLESCOPE_TRUSTED_PROXIES": "proxy"},
            "must list addresses .* got 'proxy'",
        ),
        (HEADER | {"PUZZLESCOPE_TRUSTED_PROXIES": "0.0.0.0/0"}, "0.0.0.0/0 is every machine"),
        (HEADER | {"PUZZLESCOPE_TRUSTED_PROXIES": "::/0"}, "::/0 is every machine"),
        (HEADER | {"PUZZLESCOPE_USER_HEADER": "X Y"}, "must be a header's name, .* got 'X Y'"),
        ({"PUZZLESCOPE_PASSWORD_HASH": "secret"}, "must be what `puzzlescope password` prints"),
        ({"PUZZLESCOPE_PASSWORD_HASH": HASH.replace(SALT, "a")}, "a whole line that begins with .argon2id"),
        ({"PUZZLESCOPE_PASSWORD_HASH": HASH.replace(DIGEST, "b")}, "a whole line that begins with .argon2id"),
        ({"PUZZLESCOPE_PASSWORD_HASH": HASH.replace(DIGEST, "")}, "a whole line that begins with .argon2id"),
        ({"PUZZLESCOPE_PASSWORD_HASH": "Password: \r\nAgain: "}, "a whole line that begins with .argon2id"),
        (
            PROVIDER | {"PUZZLESCOPE_OIDC_METADATA_URL": "https://[bad"},
            "must be an https address, .* got 'https://.bad'",
        ),
        ({"PUZZLESCOPE_URL": "https://[bad"}, "PUZZLESCOPE_URL must be the address"),
        ({"PUZZLESCOPE_FRAMES": "wiki; script-src *"}, "PUZZLESCOPE_FRAMES must list origins"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(environ: dict[str, str], told: str) -> None:
    with pytest.raises(PuzzlescopeError, match=told) as caught:
        read(Words(environ), "127.0.0.1")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "shown", ["{}\r\n", "Password: \r\nAgain: \r\n{}\r\n", "Password: \nAgain: \n{}\n\n"]
)
def test_the_hash_is_found_in_what_a_terminal_showed(shown: str, tmp_path: Path) -> None:
    """A container's terminal shows the questions where the hash is shown."""
    made = hashed("four or five words")
    file = tmp_path / "password"
    file.write_bytes(shown.format(made).encode())
    assert read(Words({"PUZZLESCOPE_PASSWORD_HASH_FILE": str(file)}), "0.0.0.0").password_hash == made


def test_a_provider_on_this_machine_may_do_without_https() -> None:
    local = PROVIDER | {
        "PUZZLESCOPE_OIDC_METADATA_URL": "http://localhost:9400/.well-known/openid-configuration"
    }
    assert read(Words(local), "0.0.0.0").way == "provider"


def test_frames_are_told() -> None:
    said = {"PUZZLESCOPE_FRAMES": "https://wiki.example.org self"}
    assert read(Words(said), "127.0.0.1").frames == ("https://wiki.example.org", "self")
