"""A server of one measurement: started on a temporary folder, spoken to over one kept connection, stopped at the end.

Standard library only, so that a measurement needs nothing but Python.
"""

import http.client
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEFAULT_KITH = os.path.join(REPOSITORY, "build/release/kith")
DEFAULT_MODELS = os.path.join(REPOSITORY, ".cache/models")
DEFAULT_MODEL = "all-MiniLM-L6-v2"


class BenchError(Exception):
    """Something that the person at the terminal can mend; the message says how."""


def quiet_environment():
    """The caller's environment without KITH…: a measurement depends on its own command line only."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KITH")}


def require_program(kith):
    if not os.access(kith, os.X_OK):
        raise BenchError(f"there is no program {kith}; run `make build`, or name it with --kith")


def require_model(kith, models_folder, name):
    """Pulls the model when it is not in the folder."""
    if os.path.isdir(os.path.join(models_folder, name)):
        return
    os.makedirs(models_folder, exist_ok=True)
    command = [kith, "--set", f"models.folder={models_folder}", "models", "pull", name]
    if subprocess.run(command, env=quiet_environment(), stdout=subprocess.DEVNULL).returncode != 0:
        raise BenchError(f"the model {name} could not be fetched into {models_folder}; "
                         "fetch it there by hand, or measure words only with --model none")


class Connection:
    """One kept HTTP connection. `call` answers the parsed JSON and raises BenchError on any status but 2xx."""

    def __init__(self, url, timeout_s=1800):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)

    def call(self, method, path, body=None):
        data = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        headers = {"content-type": "application/json"} if data is not None else {}
        # The server closes a connection on which nothing came for a while; every call here may be made twice.
        for last in (False, True):
            try:
                self._connection.request(method, path, data, headers)
                response = self._connection.getresponse()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()
                if last:
                    raise
        text = response.read()
        if not 200 <= response.status < 300:
            raise BenchError(f"{method} {path} answered {response.status}: {text[:500].decode(errors='replace')}")
        return json.loads(text)


class Server:
    """Context manager: `with Server(kith, settings) as server: server.connect()`."""

    def __init__(self, kith=DEFAULT_KITH, settings=(), data=None):
        require_program(kith)
        self._own_folder = data is None
        self.data = data or tempfile.mkdtemp(prefix="kith-bench-")
        self._log_path = os.path.join(self.data, "server.log")
        command = [kith, "--json", "--data", self.data]
        for setting in ("server.port=0", *settings):
            command += ["--set", setting]
        self._log = open(self._log_path, "wb")
        self._process = subprocess.Popen(command + ["serve"], env=quiet_environment(), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=self._log)
        try:
            self.url = self._wait_for_url(60)
        except BaseException:
            self.stop()
            raise

    def _wait_for_url(self, timeout_s):
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        line = self._process.stdout.readline() if ready else b""
        try:
            return json.loads(line)["url"]
        except (ValueError, KeyError):
            with open(self._log_path, errors="replace") as log:
                raise BenchError("the server did not start: " + (log.read()[-2000:] or f"no word in {timeout_s} s"))

    def connect(self):
        return Connection(self.url)

    def peak_memory_bytes(self):
        """Largest resident size so far, mapped files included."""
        with open(f"/proc/{self._process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process.stdout.close()
        self._log.close()
        if self._own_folder:
            shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wait_until_linked(connection, collection, timeout_s=900):
    """Waits for the graph to take in the tail; answers the seconds it took."""
    start = time.monotonic()
    while True:
        vectors = connection.call("GET", f"/v1/collections/{collection}")["vectors"]
        if all(view["tail"] == 0 for view in vectors):
            return time.monotonic() - start
        if time.monotonic() - start > timeout_s:
            raise BenchError(f"{collection}: the graph is not linked after {timeout_s} s")
        time.sleep(0.1)


def machine():
    """One line for the foot of a table: processor, cores, memory, and how busy the machine is."""
    model, memory_gib = "unknown processor", 0
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as info:
        memory_gib = int(info.readline().split()[1]) / (1 << 20)
    return (f"{model}, {len(os.sched_getaffinity(0))} cores, {memory_gib:.0f} GiB; "
            f"load average {os.getloadavg()[0]:.1f} when this was printed")
