"""The official OpenAI client gets embeddings, in both encodings, and the errors that it knows."""

import base64
import json
import math
import struct

import pytest

openai = pytest.importorskip("openai", reason="package openai is not installed")

from kith_server import Server  # noqa: E402

TEXTS = ["To rotate a key, add the new one first.", "Rotating keys: the new one is added before.", "Whales sing in the sea.",
         "größe, naïve café; 検索エンジン", "x"]


@pytest.fixture(scope="module")
def served(tmp_path_factory, real_model):
    with Server(tmp_path_factory.mktemp("openai") / "data", "--set", f"models.folder={real_model.parent}",
                "--set", f"embedding.model={real_model.name}") as server:
        yield server, openai.OpenAI(base_url=server.url + "/v1", api_key="unused", max_retries=0, timeout=60), real_model.name


def cosine(a, b):
    return math.fsum(x * y for x, y in zip(a, b)) / math.sqrt(math.fsum(x * x for x in a) * math.fsum(x * x for x in b))


def test_a_list_in_both_encodings(served):
    _, client, model = served
    default = client.embeddings.create(model=model, input=TEXTS)  # the client asks for base64
    floats = client.embeddings.create(model=model, input=TEXTS, encoding_format="float")
    assert [row.index for row in default.data] == list(range(len(TEXTS)))
    for ours, same in zip(default.data, floats.data):
        assert len(ours.embedding) == 384
        assert list(ours.embedding) == pytest.approx(same.embedding, abs=1e-7)
        assert math.fsum(x * x for x in ours.embedding) == pytest.approx(1, abs=1e-3), "normalised"
    rows = [row.embedding for row in floats.data]
    assert cosine(rows[0], rows[1]) > cosine(rows[0], rows[2]) + 0.3, "meaning, not noise"
    assert default.model == model and default.usage.total_tokens == default.usage.prompt_tokens > len(TEXTS) * 2


def test_base64_is_little_endian_f32(served):
    server, client, model = served
    raw = server.post("/v1/embeddings", {"model": model, "input": TEXTS[0], "encoding_format": "base64"}).json
    values = struct.unpack("<384f", base64.b64decode(raw["data"][0]["embedding"], validate=True))
    plain = server.post("/v1/embeddings", {"model": model, "input": TEXTS[0]}).json["data"][0]["embedding"]
    assert [struct.pack("<f", value) for value in plain] == [struct.pack("<f", value) for value in values]


def test_one_string_and_the_same_in_a_batch(served):
    _, client, model = served
    alone = [client.embeddings.create(model=model, input=text).data[0].embedding for text in TEXTS]
    together = [row.embedding for row in client.embeddings.create(model=model, input=TEXTS).data]
    for one, other in zip(alone, together):
        assert cosine(one, other) > 0.999


def test_token_ids(served):
    _, client, model = served
    rows = client.embeddings.create(model=model, input=[[101, 7592, 102], [101, 2088, 102]]).data
    assert len(rows) == 2 and cosine(rows[0].embedding, rows[1].embedding) < 0.99


def test_errors_are_the_clients_own_kinds(served):
    _, client, model = served
    with pytest.raises(openai.NotFoundError) as error:
        client.embeddings.create(model="absent", input="x")
    assert "absent" in error.value.message
    for bad in ("", [], ["x", ""], [[]]):
        with pytest.raises(openai.BadRequestError):
            client.embeddings.create(model=model, input=bad)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=model, input="x", dimensions=7)
    with pytest.raises(openai.BadRequestError) as error:
        client.embeddings.create(model=model, input=["x"] * 2049)
    assert "2048" in error.value.message


def test_a_request_cannot_name_a_folder(served, tmp_path):
    server, _, _ = served
    for name in (str(tmp_path), "../all", "a/../../b"):
        reply = server.post("/v1/embeddings", {"model": name, "input": "x"})
        assert reply.status == 404, reply.body


def test_wrong_key(tmp_path):
    with Server(tmp_path / "locked", env={"KITH__SERVER__API_KEY": "secret"}) as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="wrong", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            client.embeddings.create(model="m", input="x")


def test_models_are_listed(served):
    server, client, model = served
    assert model in [found.id for found in client.models.list().data]
    assert json.loads(server.get("/v1/models").body)["object"] == "list"
