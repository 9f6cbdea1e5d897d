"""What the scripts beside this file share: a tracking server on a free port, the DNS that it asks, PostgreSQL."""

import contextlib
import glob
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ADMIN_TOKEN = "an admin token that only tests know"
DEFAULT_HOST = "track.service.example"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def program():
    """The program named by the first argument, or else the one that is built here."""
    if len(sys.argv) > 1:
        return os.path.abspath(sys.argv[1])
    subprocess.run(["cargo", "build", "--locked", "--quiet", "-p", "tracking-server"], check=True, cwd=REPOSITORY)
    target = os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")
    return str(pathlib.Path(target) / "debug" / "tracking-server")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def missing(*programs):
    """Says what is missing. A machine that nobody watches must not leave it out unseen."""
    absent = [name for name in programs if not shutil.which(name)]
    if absent:
        print("SKIPPED, missing:", ", ".join(absent))
        sys.exit(1 if os.environ.get("CI") else 0)


class Dns:
    """Answers TXT and CNAME over UDP, and says NXDOMAIN of all else."""

    def __init__(self):
        self.cnames, self.texts = {}, {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), query[at + 1 : at + 3]
        if name in self.cnames:
            kind_found, data = b"\0\x05", encoded(self.cnames[name])
        elif name in self.texts:
            text = self.texts[name].encode()
            kind_found, data = b"\0\x10", bytes([len(text)]) + text
        else:
            return query[:2] + b"\x85\x83\0\1\0\0\0\0\0\0" + query[12 : at + 5]
        answer = b""
        if kind_found in (kind, b"\0\x05"):
            # The name is that of the question, 12 bytes from the start.
            answer = b"\xc0\x0c" + kind_found + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data
        counts = b"\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0\0\0\0"
        return query[:2] + b"\x85\x80" + counts + query[12 : at + 5] + answer


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Server:
    def __init__(self, program, database_url, folder, dns, **settings):
        self.port = free_port()
        self.log = pathlib.Path(folder) / "log"
        environment = {
            "ADMIN_TOKEN": ADMIN_TOKEN,
            "DATABASE_URL": database_url,
            "DEFAULT_HOST": DEFAULT_HOST,
            "DNS_SERVER": dns.address,
            "LISTEN": f"127.0.0.1:{self.port}",
            "SPOOL_DIR": str(pathlib.Path(folder) / "spool"),
            **settings,
        }
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [program], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
            )
        while not self.process.stdout.readline().startswith("the page is at"):
            if self.process.poll() is not None:
                sys.exit(f"the server ended before it listened:\n{self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def api(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", method=method)
        request.add_header("Authorization", f"Bearer {ADMIN_TOKEN}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
        if answer.headers["Content-Type"] == "application/x-ndjson":
            return [json.loads(line) for line in text.splitlines()]
        return json.loads(text) if text else None

    def validate(self, dns, name):
        record = self.api("POST", "/domains", {"domain": name})["records"]["ownership"]
        dns.texts[record["name"]] = record["value"]
        validated = self.api("POST", f"/domains/{name}/validate")
        assert validated["status"] == "validated", validated

    def link(self, domain, to):
        """Sends a mail with one link, and returns the link's path."""
        mail = {"domain": domain, "message": "m", "recipient": "r", "html": f'<a href="{to}">x</a>'}
        html = self.api("POST", "/rewrite", mail)["html"]
        start = html.index("/c/")
        return html[start : html.index('"', start)]

    def follow(self, path, headers=()):
        """Returns where a link leads, as of a recipient's program."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": DEFAULT_HOST, "User-Agent": PERSON, **dict(headers)}.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.getheader("Location") if answer.status == 302 else f"status {answer.status}"


def until(what, ask, seconds=20):
    """Asks until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            sys.exit(f"not in time: {what}")
        time.sleep(0.1)
    return answer


@contextlib.contextmanager
def postgres():
    """A PostgreSQL server of one's own, with a function that runs its programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    programs = found[-1] if found else os.path.dirname(shutil.which("initdb") or "")
    if not programs:
        yield None, None
        return
    with tempfile.TemporaryDirectory() as folder:
        port = str(free_port())
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.getuid() == 0 else []
        if as_owner:
            shutil.chown(folder, "postgres")

        def run(name, *arguments, **options):
            command = [*as_owner, f"{programs}/{name}", *arguments]
            return subprocess.run(command, check=True, cwd="/", **{"stdout": subprocess.DEVNULL, **options})

        data = f"{folder}/data"
        run("initdb", "--no-sync", "--auth=trust", "--username=tracking", "-D", data)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        run("pg_ctl", "start", "--wait", "--silent", "-D", data, "--log", f"{folder}/log", "--options", options)
        try:
            where = ["-h", "127.0.0.1", "-p", port, "-U", "tracking"]
            url = f"postgres://tracking@127.0.0.1:{port}"
            yield url, lambda name, *more, **options: run(name, *where, *more, **options)
        finally:
            run("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate", "-D", data)
