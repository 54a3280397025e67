"""Readers beside writers: an operation is seen whole or not at all, by every kind of read, and field and vector agree."""

import threading
import time

from qdrant_face import Collection, Face

COUNT = 40
SECONDS = 3


def test_an_operation_is_seen_whole(running, api):
    """Each upsert gives all points the same new version, in the payload (indexed) and in the vector."""
    def points(version):
        return [{"id": n, "vector": [float(version), float(n)], "payload": {"version": version,
            "tag": f"v{version % 7}"}} for n in range(COUNT)]

    c = api.collection(2, points(0), {"version": "integer", "tag": "keyword"})
    faults, reads, stop, done = [], [0], threading.Event(), []

    def write():
        version = 0
        while not stop.is_set():
            version += 1
            c.upsert(points(version))
        done.append(version)

    def check(seen, what):
        reads[0] += 1
        versions = {payload["version"] for payload, _ in seen}
        if len(versions) != 1 or len(seen) != COUNT:
            faults.append((what, len(seen), sorted(versions)))
        faults.extend((what, payload, vector) for payload, vector in seen if vector is not None and vector[0] != payload["version"])

    def read(kind):
        own = Collection(Face(running.server), c.name)
        last = 0
        while not stop.is_set() and not faults:
            if kind == "scroll":
                seen = [(p["payload"], p["vector"]) for p in own.scroll(limit=COUNT, with_vector=True)["points"]]
            elif kind == "query":
                seen = [(h["payload"], h["vector"]) for h in own.query([1.0, 0.0], limit=COUNT, with_payload=True, with_vector=True)]
            elif kind == "order":
                seen = [(p["payload"], None) for p in own.scroll(order_by="version", limit=COUNT)["points"]]
            else:
                # All have one tag: a filter finds everybody or nobody, whatever version is current.
                hits = own.post("/facet", {"key": "tag"})["hits"]
                reads[0] += 1
                if len(hits) != 1 or hits[0]["count"] != COUNT:
                    faults.append((kind, hits))
                found = own.query([1.0, 0.0], limit=COUNT, with_payload=True,
                    filter={"must": {"key": "tag", "match": {"value": hits[0]["value"]}}})
                if len(found) not in (0, COUNT) or any(hit["payload"]["tag"] != hits[0]["value"] for hit in found):
                    faults.append((kind, hits, len(found)))
                continue
            check(seen, kind)
            if seen and seen[0][0]["version"] < last:
                faults.append((kind, "time goes backwards", last, seen[0][0]["version"]))
            last = seen[0][0]["version"] if seen else last

    def guarded(function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:
            faults.append(repr(error))

    threads = [threading.Thread(target=guarded, args=(write,))] + [threading.Thread(target=guarded,
        args=(read, kind)) for kind in ("scroll", "query", "order", "facet")]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not faults, faults[:5]
    assert reads[0] > 20 and done[0] > 10
    assert c.points() == {p["id"]: (p["payload"], p["vector"]) for p in points(done[0])}


def test_writers_of_different_kinds_do_not_lose_each_others_changes(running, api):
    """Vectors, payload keys and points are changed at the same time; each change must be there in the end."""
    c = api.collection({"vectors": {"a": {"size": 1, "distance": "Dot"}, "b": {"size": 1, "distance": "Dot"}}},
                       [{"id": n, "vector": {"a": [0], "b": [0]}, "payload": {}} for n in range(20)],
                           {"left": "integer", "deep.right": "integer"})
    rounds, faults = 25, []

    def each(change):
        own = Collection(Face(running.server), c.name)
        try:
            for step in range(1, rounds + 1):
                change(own, step)
        except BaseException as error:
            faults.append(repr(error))

    everyone = list(range(20))
    changes = [
        lambda own, step: own.write("POST", "/points/payload", {"payload": {"left": step}, "points": everyone}),
        lambda own, step: own.write("POST", "/points/payload", {"payload": {"right": step}, "key": "deep", "points": everyone}),
        lambda own, step: own.write("PUT", "/points/vectors", {"points": [{"id": n, "vector": {"a": [step]}} for n in everyone]}),
        lambda own, step: own.write("PUT", "/points/vectors", {"points": [{"id": n, "vector": {"b": [-step]}} for n in everyone]}),
        lambda own, step: own.upsert([{"id": 1000 + step, "vector": {"a": [step]}, "payload": {"new": step}}]),
    ]
    threads = [threading.Thread(target=each, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not faults, faults[:3]
    assert {i: state for i, state in c.points().items() if i < 20} == {n: ({"left": rounds, "deep": {"right": rounds}},
        {"a": [rounds], "b": [-rounds]}) for n in everyone}
    assert c.count() == 20 + rounds
    for key, value in (("left", rounds), ("deep.right", rounds)):
        assert c.ids(filter={"must": {"key": key, "match": {"value": value}}}) == everyone
