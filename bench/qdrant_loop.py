"""Many HTTP clients in one thread: prepared requests over kept connections, driven by epoll, each answer timed by kind and
status. Python's own share is a few per cent of a core at some thousand requests a second; `cpu_share` says what it was.

Closed loop (`rate` None): a client sends its next request when it has the answer to the last. Open loop: requests fall due
at a fixed rate whatever the server does, and latency counts from the moment one was due, so that waiting cannot hide.

Standard library only. Vectors come from a pool of preformatted pieces, so that making a body costs a few string joins.
"""

import array
import collections
import random
import resource
import select
import socket
import time


class Pool:
    """Clustered vectors as JSON text. Each is four quarters, each quarter of another row of the same cluster: rows x 4 pieces
    make rows^4 vectors a cluster, near one another and far from the other clusters."""

    def __init__(self, dimension, seed, clusters=50, rows=40):
        rng = random.Random(seed)
        quarter = dimension // 4
        self._cuts = [0, quarter, 2 * quarter, 3 * quarter, dimension]
        self._clusters = []
        for _ in range(clusters):
            centre = [rng.gauss(0, 1) for _ in range(dimension)]
            made = [[f"{c + rng.gauss(0, 0.5):.5f}" for c in centre] for _ in range(rows)]
            self._clusters.append([[",".join(row[a:b]) for row in made] for a, b in zip(self._cuts, self._cuts[1:])])

    def draw(self, rng):
        quarters = self._clusters[rng.randrange(len(self._clusters))]
        return "[" + ",".join(rng.choice(pieces) for pieces in quarters) + "]"


def request(method, target, body=b"", headers=""):
    """The bytes of one HTTP request."""
    body = body if isinstance(body, bytes) else body.encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: kith\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def response_end(data, start=0):
    """Where the response that begins at `start` ends, or 0 when it is not complete."""
    head = data.find(b"\r\n\r\n", start)
    if head < 0:
        return 0
    fields = bytes(data[start:head]).lower()
    at = fields.find(b"content-length:")
    if at >= 0:
        end = fields.find(b"\r", at)
        size = int(fields[at + 15:end if end >= 0 else None])
        return head + 4 + size if len(data) >= head + 4 + size else 0
    if b"transfer-encoding: chunked" in fields:
        end = data.find(b"\r\n0\r\n\r\n", head)
        return end + 7 if end >= 0 else 0
    return head + 4


class Result:
    def __init__(self):
        self.seconds = 0.0
        self.latencies = collections.defaultdict(lambda: array.array("d"))  # (kind, status) -> seconds
        self.retry_after = 0    # refusals that say when to come again
        self.broken = 0         # connections that ended in the middle of an answer
        self.not_sent = 0       # open loop: due, and no connection was free for a second
        self.cpu_share = 0.0

    def count(self, kind=None, status=None):
        return sum(len(times) for (k, s), times in self.latencies.items() if kind in (None, k) and status in (None, s))

    def times(self, kinds=None, status=200):
        return sorted(t for (k, s), times in self.latencies.items() if s == status and (kinds is None or k in kinds) for t in times)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class _Client:
    def __init__(self, address, poll):
        self._address, self._poll = address, poll
        self.socket = None
        self.open()

    def open(self):
        self.socket = socket.create_connection(self._address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.number = self.socket.fileno()
        self._poll.register(self.number, select.EPOLLIN)
        self.kind = None
        self.rest = b""
        self.data = bytearray()

    def close(self):
        self._poll.unregister(self.number)
        self.socket.close()

    def send(self, kind, data, due):
        self.kind, self.due, self.rest = kind, due, memoryview(data)
        self.flush()

    def flush(self):
        try:
            while self.rest:
                self.rest = self.rest[self.socket.send(self.rest):]
        except BlockingIOError:
            self._poll.modify(self.number, select.EPOLLIN | select.EPOLLOUT)
            return
        except OSError:  # the reader finds out
            return
        self._poll.modify(self.number, select.EPOLLIN)

    def receive(self):
        """True when the answer is whole, None when the connection has ended."""
        try:
            more = self.socket.recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError:
            return None
        if not more:
            return None
        self.data += more
        return bool(response_end(self.data))


def run(address, clients, next_request, seconds, rate=None, every_second=None):
    """`next_request` answers (kind, bytes), or None when there are no more. The last answers are awaited."""
    poll = select.epoll()
    everyone = [_Client(address, poll) for _ in range(clients)]
    by_number = {client.number: client for client in everyone}
    idle = collections.deque(everyone)
    result = Result()
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    start = now = time.perf_counter()
    end, second, due, busy = start + seconds, 1, start, 0
    while now < end or busy:
        if now > end + 60:
            raise TimeoutError(f"{busy} answers did not come within 60 s of the end")
        while idle and now < end and (rate is None or due <= now):
            if rate is not None and due < now - 1:
                result.not_sent += 1
                due += 1 / rate
                continue
            drawn = next_request()
            if drawn is None:
                end = now
                break
            kind, data = drawn
            idle.popleft().send(kind, data, due if rate is not None else time.perf_counter())
            busy += 1
            due += 1 / rate if rate is not None else 0
        if not busy and now >= end:
            break
        wait = 0.5 if rate is None or not idle or now >= end else max(0.0, min(0.5, due - now))
        for number, event in poll.poll(wait):
            client = by_number[number]
            if event & select.EPOLLOUT:
                client.flush()
            if not event & ~select.EPOLLOUT:
                continue
            whole = client.receive()
            if whole is False:
                continue
            closing = whole is None
            if whole:
                head = bytes(client.data[:400]).lower()
                status = int(head[9:12])
                result.latencies[client.kind, status].append(time.perf_counter() - client.due)
                result.retry_after += b"\r\nretry-after:" in head
                closing = b"\r\nconnection: close" in head
            elif client.kind is not None:
                result.broken += 1
            if client.kind is not None:
                busy -= 1
                idle.append(client)
            client.kind, client.data = None, bytearray()
            if closing:
                del by_number[client.number]
                client.close()
                client.open()
                by_number[client.number] = client
        now = time.perf_counter()
        if every_second and now - start >= second:
            every_second(second)
            second += 1
    result.seconds = now - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    result.cpu_share = (used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime) / result.seconds
    for client in everyone:
        client.close()
    poll.close()
    return result
