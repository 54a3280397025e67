"""Drives the real kith binary: commands, and a server that can be stopped, killed and opened again.

Everything runs with a clean environment of its own; the data folder belongs to the test.
"""

import http.client
import json
import os
import signal
import subprocess
import time
import urllib.parse
from dataclasses import dataclass

BINARY = os.environ["KITH_BINARY"]
# The machine of a test may be busy with many other things; nothing here is a measurement.
START_TIMEOUT_S = 60
COMMAND_TIMEOUT_S = 120


def environment(extra=None):
    env = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    env.update(extra or {})
    return env


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def kith(*arguments, env=None, stdin="", cwd=None, timeout=COMMAND_TIMEOUT_S):
    """Runs one command to its end."""
    done = subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=timeout, env=environment(env), cwd=cwd)
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The error message, of Qdrant's envelope or of ours."""
        body = self.json
        return body["error"]["message"] if "error" in body else body["status"]["error"]


class Server:
    """`kith serve` on a free port over a data folder."""

    def __init__(self, data, *arguments, env=None, log_path=None):
        self.data, self.arguments, self.env = str(data), [str(a) for a in arguments], env
        self.log_path = log_path or self.data + ".log"
        self.process = None
        self.url = ""

    def start(self):
        assert self.process is None
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BINARY, "--data", self.data, "--json", *self.arguments, "serve", "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, env=environment(self.env))
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait(START_TIMEOUT_S)
            self.process = None
            raise RuntimeError(f"kith serve ended with {code}: {self.log()[-2000:]}")
        self.url = json.loads(line)["url"]
        return self

    def stop(self, timeout=60):
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM, timeout)

    def kill(self):
        """SIGKILL: what a power cut leaves to the program."""
        return self._end(signal.SIGKILL, 30)

    def _end(self, which, timeout):
        if self.process is None:
            return None
        self.process.send_signal(which)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.process = None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    @property
    def address(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.hostname, parts.port

    def send(self, method, target, body=None, headers=None, timeout=60):
        """`body`: bytes as they are, or anything else as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, target, **kwargs):
        return self.send("GET", target, **kwargs)

    def post(self, target, body=None, **kwargs):
        return self.send("POST", target, body, **kwargs)

    def put(self, target, body=None, **kwargs):
        return self.send("PUT", target, body, **kwargs)

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()


def wait_until(condition, timeout=30, what="the condition"):
    """Polls; the machine decides how often."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {timeout} s")
