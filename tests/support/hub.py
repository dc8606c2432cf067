"""A Hugging Face hub on this machine: as much of it as its real clients ask for when they read."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


@dataclass
class Hub:
    """Repositories and what was asked of them. Names of repositories begin with "models/" or "datasets/"."""

    repos: dict[str, dict[str, Files]] = field(default_factory=dict)
    """Name -> revision -> path -> content."""
    cuts: dict[str, int] = field(default_factory=dict)
    """Path -> how many more times its connection breaks in the middle."""
    busy: dict[str, int] = field(default_factory=dict)
    """Path -> how many more times the hub answers 503."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, repo: str, files: Files, revision: str = "main") -> None:
        """Under the revision's name and under its commit's."""
        commit = hashlib.sha1(repr((repo, revision, sorted(files.items()))).encode()).hexdigest()
        self.repos.setdefault(repo, {}).update({revision: files, commit: files})

    def commit(self, repo: str, revision: str) -> str:
        files = self.repos[repo][revision]
        return next(name for name, found in self.repos[repo].items() if found is files and len(name) == 40)


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, reachable at ``hub.url``."""

    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        kind, _, rest = path.removeprefix("/").partition("/")
        if kind == "api":
            self._about(rest.split("/"), body)
        elif kind == "datasets":
            self._file("datasets", rest.split("/"))
        else:
            self._file("models", path.removeprefix("/").split("/"))

    def _about(self, parts: list[str], body: bytes) -> None:
        """/api/datasets/OWNER/NAME[/revision/REV | /tree/REV/FOLDER | /paths-info/REV]"""
        name, (what, revision, *inside) = "/".join(parts[:3]), [*parts[3:], "", ""]
        if name not in self.hub.repos:
            return self._send(404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})
        revision = revision or "main"
        if revision not in self.hub.repos[name]:
            return self._send(404, b'{"error": "Invalid rev id"}', {"X-Error-Code": "RevisionNotFound"})
        files, commit = self.hub.repos[name][revision], self.hub.commit(name, revision)
        if what == "tree":
            return self._json(
                _tree(files, "/".join(inside).strip("/"), everything="recursive=true" in self.path.lower())
            )
        if what == "paths-info":
            wanted = json.loads(body)["paths"]
            return self._json([_entry(p, files[p]) for p in wanted if p in files])
        siblings = [{"rfilename": p} for p in files]
        shared = {
            "_id": "0",
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
        }
        return self._json({"id": "/".join(parts[1:3]), "sha": commit, "siblings": siblings, **shared})

    def _file(self, kind: str, parts: list[str]) -> None:
        """/[datasets/]OWNER/NAME/resolve/REV/PATH"""
        name, revision, path = f"{kind}/{'/'.join(parts[:2])}", "/".join(parts[3:4]), "/".join(parts[4:])
        if name not in self.hub.repos or parts[2:3] != ["resolve"]:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        if revision not in self.hub.repos[name]:
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        commit = {"X-Repo-Commit": self.hub.commit(name, revision)}
        content = self.hub.repos[name][revision].get(path)
        if content is None:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", **commit})
        if self.command == "GET" and self.hub.busy.get(path, 0) > 0:
            self.hub.busy[path] -= 1
            return self._send(503, b"", commit)
        status, headers = 200, {"ETag": f'"{_oid(content)}"', "Accept-Ranges": "bytes", **commit}
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes=") and self.command == "GET":
            first, _, last = asked.removeprefix("bytes=").partition("-")
            end = min(int(last) + 1 if last else len(content), len(content))
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
            status, content = 206, content[int(first) : end]
        return self._send(status, content, headers, cut=path if self.command == "GET" else "")

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str], cut: str = "") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.cuts.get(cut, 0) > 0:
            self.hub.cuts[cut] -= 1
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content)


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _entry(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}


def _tree(files: Files, folder: str, everything: bool) -> list[dict[str, Any]]:
    """What is in a folder: its files, and the folders in it by their names alone, or with all that is in
    them."""
    inside = [path for path in files if path.startswith(f"{folder}/" if folder else "")]
    depth = folder.count("/") + 2 if folder else 1
    folders = {"/".join(path.split("/")[:depth]) for path in inside if path.count("/") >= depth}
    listed = [path for path in inside if everything or path.count("/") < depth]
    found = [{"type": "directory", "path": path, "size": 0, "oid": _oid(path.encode())} for path in folders]
    return [*found, *(_entry(path, files[path]) for path in listed)]
