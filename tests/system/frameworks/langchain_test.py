"""LangChain's own standard tests of vector stores and retrievers, through langchain-qdrant, against the server.

The standard tests compare whole documents, and langchain-qdrant 1.1.0 does not give those back, whatever the server: it adds
`_id` and `_collection_name` to the metadata, leaves `Document.id` empty, and hands out ids as 32 hex digits where Qdrant
echoes them with hyphens. PlainStore mends these three; test_what_the_adapter_does shows them, also on the client's own
in-memory implementation. One standard test fails in the adapter before anything is sent; it is marked.
"""

import uuid

import pytest

pytest.importorskip("langchain_qdrant", reason="package langchain-qdrant is not installed")

from langchain_core.documents import Document  # noqa: E402
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings  # noqa: E402
from langchain_core.vectorstores import VectorStoreRetriever  # noqa: E402
from langchain_qdrant import QdrantVectorStore, RetrievalMode  # noqa: E402
from langchain_qdrant.sparse_embeddings import SparseEmbeddings, SparseVector  # noqa: E402
from langchain_tests.integration_tests import RetrieversIntegrationTests, VectorStoreIntegrationTests  # noqa: E402
from pydantic import ValidationError  # noqa: E402
from qdrant_client import QdrantClient, models  # noqa: E402

MODES = [RetrievalMode.DENSE, RetrievalMode.SPARSE, RetrievalMode.HYBRID]
TEXTS = ["red apples grow on trees", "green apples are sour", "whales sing in the sea", "the sea is deep and blue",
    "keys are rotated every month",
         "rotate the keys before they expire", "blue whales are large", "trees are green"]


class Sparse(SparseEmbeddings):
    def __init__(self, function):
        self._function = function

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        indices, values = self._function(text)
        return SparseVector(indices=indices, values=values)


class Dense(Embeddings):
    def __init__(self, function):
        self._function = function

    def embed_documents(self, texts):
        return [self._function(text) for text in texts]

    def embed_query(self, text):
        return self._function(text)


class PlainStore(QdrantVectorStore):
    """The adapter with the documents that the standard tests expect."""

    @classmethod
    def _document_from_point(cls, *args, **kwargs):
        document = super()._document_from_point(*args, **kwargs)
        document.id = as_given(document.metadata.pop("_id"))
        document.metadata.pop("_collection_name")
        return document


def as_given(point_id):
    """The adapter's own ids are 32 hex digits."""
    try:
        return uuid.UUID(point_id).hex
    except ValueError:
        return point_id


def on_client(store_class, client, name, mode, dense, sparse):
    vectors = {} if mode == RetrievalMode.SPARSE else {"": models.VectorParams(size=len(dense.embed_query("x")),
        distance=models.Distance.COSINE)}
    sparse_vectors = {} if mode == RetrievalMode.DENSE else {QdrantVectorStore.SPARSE_VECTOR_NAME: models.SparseVectorParams()}
    client.create_collection(name, vectors_config=vectors, sparse_vectors_config=sparse_vectors)
    return store_class(client=client, collection_name=name, retrieval_mode=mode, embedding=dense if mode != RetrievalMode.SPARSE else None,
                       sparse_embedding=sparse if mode != RetrievalMode.DENSE else None)


NO_ID = "langchain-qdrant makes ids only when no document has one; beside one that has, it passes None, which the client's model refuses"


class StandardVectorStore(VectorStoreIntegrationTests):
    mode = None

    @pytest.fixture
    def vectorstore(self, client, collection_name, sparse_of):
        yield on_client(PlainStore, client, collection_name, self.mode, self.get_embeddings(), Sparse(sparse_of))
        client.delete_collection(collection_name)

    @pytest.mark.xfail(strict=True, raises=ValidationError, reason=NO_ID)
    def test_add_documents_with_existing_ids(self, vectorstore):
        super().test_add_documents_with_existing_ids(vectorstore)

    @pytest.mark.xfail(strict=True, raises=ValidationError, reason=NO_ID)
    async def test_add_documents_with_existing_ids_async(self, vectorstore):
        await super().test_add_documents_with_existing_ids_async(vectorstore)


class TestDense(StandardVectorStore):
    mode = RetrievalMode.DENSE


class TestHybrid(StandardVectorStore):
    mode = RetrievalMode.HYBRID


class StandardRetriever(RetrieversIntegrationTests):
    mode = None

    @pytest.fixture(autouse=True)
    def store(self, client, collection_name, sparse_of, dense_of):
        self.vectorstore = on_client(QdrantVectorStore, client, collection_name, self.mode, Dense(dense_of), Sparse(sparse_of))
        self.vectorstore.add_texts(TEXTS)

    @property
    def retriever_constructor(self):
        def construct(**kwargs):
            number = kwargs.pop("k", None)
            return VectorStoreRetriever(vectorstore=self.vectorstore, search_kwargs={} if number is None else {"k": number})
        return construct

    @property
    def retriever_query_example(self):
        return "green apples in the sea"


class TestDenseRetriever(StandardRetriever):
    mode = RetrievalMode.DENSE


class TestSparseRetriever(StandardRetriever):
    mode = RetrievalMode.SPARSE


class TestHybridRetriever(StandardRetriever):
    mode = RetrievalMode.HYBRID


def test_what_the_adapter_does(client, collection_name, sparse_of):
    """Why PlainStore is needed: the same with the server and with the client's own in-memory implementation."""
    for its_client in (client, QdrantClient(":memory:")):
        store = on_client(QdrantVectorStore, its_client, collection_name, RetrievalMode.DENSE, DeterministicFakeEmbedding(size=6),
            Sparse(sparse_of))
        [given] = store.add_documents([Document("foo", metadata={"id": 1})])
        [found] = store.similarity_search("foo", k=1)
        assert set(found.metadata) == {"id", "_id", "_collection_name"} and found.id is None
        assert len(given) == 32 and found.metadata["_id"] in (given, str(uuid.UUID(given)))
        with pytest.raises(ValidationError):
            store.add_documents([Document("foo", id=str(uuid.uuid4())), Document("bar")])


# ── What an application does beyond the standard tests ───────────────────────────────────────────────────

@pytest.fixture(params=MODES, ids=[mode.value for mode in MODES])
def store(request, client, collection_name, sparse_of, dense_of):
    yield on_client(PlainStore, client, collection_name, request.param, Dense(dense_of), Sparse(sparse_of))


def test_the_best_comes_first(store):
    store.add_texts(TEXTS, metadatas=[{"n": n, "colour": text.split()[0]} for n, text in enumerate(TEXTS)])
    for n, text in enumerate(TEXTS):
        [document] = store.similarity_search(text, k=1)
        assert document.page_content == text and document.metadata == {"n": n, "colour": text.split()[0]}
    scored = store.similarity_search_with_score("blue whales", k=4)
    assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)
    assert scored[0][0].page_content == "blue whales are large"


def test_filters_and_thresholds(store):
    store.add_texts(TEXTS, metadatas=[{"n": n, "animal": "whales" in text} for n, text in enumerate(TEXTS)])
    condition = models.Filter(must=[models.FieldCondition(key="metadata.animal", match=models.MatchValue(value=True))])
    found = store.similarity_search("the blue sea and whales", k=10, filter=condition)
    assert sorted(d.metadata["n"] for d in found) == [2, 6]
    low = models.Filter(must=[models.FieldCondition(key="metadata.n", range=models.Range(lt=3))], must_not=condition.must)
    assert {d.metadata["n"] for d in store.similarity_search("green apples trees", k=10, filter=low)} <= {0, 1}
    scored = store.similarity_search_with_score("the blue sea", k=8)
    threshold = scored[1][1]
    above = store.similarity_search_with_score("the blue sea", k=8, score_threshold=threshold)
    assert [d.page_content for d, _ in above] == [d.page_content for d, score in scored if score >= threshold]


def test_ids_updates_and_deletes(store):
    ids = [f"00000000-0000-4000-8000-{n:012}" for n in range(len(TEXTS))]
    assert store.add_texts(TEXTS, ids=ids) == ids
    assert {d.page_content for d in store.get_by_ids(ids[:3])} == set(TEXTS[:3])
    store.add_texts(["entirely new words"], ids=ids[:1])
    assert store.get_by_ids(ids[:1])[0].page_content == "entirely new words"
    store.delete(ids[1:4])
    assert {d.page_content for d in store.similarity_search("red apples sea blue whales keys trees", k=20)} <= {*TEXTS[4:],
        "entirely new words"}


def test_an_existing_collection_is_opened(client, collection_name, served, dense_of):
    first = QdrantVectorStore.from_texts(TEXTS, Dense(dense_of), url=served.url, collection_name=collection_name)
    again = QdrantVectorStore.from_existing_collection(collection_name, Dense(dense_of), url=served.url)
    assert [d.page_content for d in first.similarity_search("rotate keys",
        k=3)] == [d.page_content for d in again.similarity_search("rotate keys", k=3)]
    assert client.count(collection_name).count == len(TEXTS)
