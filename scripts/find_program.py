"""Find the programs that tests of the deployment run:  python -m scripts.find_program [--install]

It prints their paths. With ``--install`` it gets what is missing where that needs no password; without one it
ends with a sentence.
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.find_chromium import INSTALL_SECONDS, apt_commands, as_root, output

SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")
"""Not on everybody's PATH."""


class NoProgramError(RuntimeError):
    """A program is not there. The message says how to get it."""


@dataclass(frozen=True)
class Program:
    """A program of the system.

    Attributes:
        name: as it is called.
        version: the option with which it only says its version.
        package: of Debian and Ubuntu, that brings it.
        elsewhere: how to get it on other systems, "" if it exists on Linux alone.
    """

    name: str
    version: str
    package: str
    elsewhere: str = ""

    def find(self) -> Path:
        """Where it is.

        Raises:
            NoProgramError: if there is none that runs.
        """
        for path in (shutil.which(self.name), *(f"{folder}/{self.name}" for folder in SYSTEM_FOLDERS)):
            if path and Path(path).is_file() and output([path, self.version]) is not None:
                return Path(path)
        ways = [f"Debian and Ubuntu: `apt-get install {self.package}`", *filter(None, [self.elsewhere])]
        raise NoProgramError(f"The tests of the deployment need {self.name}: install it ({'; '.join(ways)}).")

    def find_or_install(self) -> Path:
        """The same, after getting it if need be."""
        try:
            return self.find()
        except NoProgramError:
            root = as_root()
        if root is not None and shutil.which("apt-get"):
            for command in apt_commands(root, self.package):
                print(f"Getting {self.name}: {' '.join(command)}", file=sys.stderr, flush=True)
                try:
                    subprocess.run(
                        command, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=INSTALL_SECONDS
                    )
                except (OSError, subprocess.TimeoutExpired) as error:
                    print(error, file=sys.stderr)
        return self.find()


NGINX = Program("nginx", "-v", "nginx-light", "macOS: `brew install nginx`")
OPENSSL = Program("openssl", "version", "openssl", "macOS: `brew install openssl`")
SYSTEMD_ANALYZE = Program("systemd-analyze", "--version", "systemd")


def wanted() -> list[Program]:
    """What the tests run on this system."""
    return [NGINX, OPENSSL, *([SYSTEMD_ANALYZE] if sys.platform == "linux" else [])]


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the paths of the programs that tests need.")
    parser.add_argument("--install", action="store_true", help="get those that are missing")
    arguments = parser.parse_args()
    try:
        for program in wanted():
            print(program.find_or_install() if arguments.install else program.find())
    except NoProgramError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
