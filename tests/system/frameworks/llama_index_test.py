"""LlamaIndex's Qdrant vector store against the server: create, add, query with filters, hybrid, delete; sync and async."""

import asyncio

import pytest

pytest.importorskip("llama_index.vector_stores.qdrant", reason="package llama-index-vector-stores-qdrant is not installed")

from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode  # noqa: E402
from llama_index.core.vector_stores.types import (  # noqa: E402
    FilterCondition, FilterOperator, MetadataFilter, MetadataFilters, VectorStoreQuery, VectorStoreQueryMode)
from llama_index.vector_stores.qdrant import QdrantVectorStore  # noqa: E402
from qdrant_client import AsyncQdrantClient, models  # noqa: E402

TEXTS = ["red apples grow on trees", "green apples are sour", "whales sing in the sea", "the sea is deep and blue",
    "keys are rotated every month",
         "rotate the keys before they expire", "blue whales are large", "trees are green"]


def nodes(dense_of):
    made = []
    for n, text in enumerate(TEXTS):
        metadata = {"n": n, "first": text.split()[0], "price": n / 2, "words": text.split()} | ({"rare": True} if n == 5 else {})
        made.append(TextNode(text=text, id_=f"00000000-0000-4000-8000-{n:012}", embedding=dense_of(text), metadata=metadata,
                             relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document-{n // 2}")}))
    return made


def sparse_function(sparse_of):
    def encode(texts):
        rows = [sparse_of(text) for text in texts]
        return [indices for indices, _ in rows], [values for _, values in rows]
    return encode


@pytest.fixture(params=["dense", "hybrid"])
def store(request, client, collection_name, served, sparse_of, dense_of):
    encode = sparse_function(sparse_of)
    hybrid = {"enable_hybrid": True, "sparse_doc_fn": encode, "sparse_query_fn": encode} if request.param == "hybrid" else {}
    made = QdrantVectorStore(collection_name, client=client, aclient=AsyncQdrantClient(url=served.url, timeout=60,
        check_compatibility=False),
                             payload_indexes=[{"field_name": "first", "field_schema": models.PayloadSchemaType.KEYWORD}], **hybrid)
    assert made.add(nodes(dense_of)) == [node.node_id for node in nodes(dense_of)]
    return made


def ask(store, text, dense_of, top=3, **more):
    return store.query(VectorStoreQuery(query_embedding=dense_of(text), query_str=text, similarity_top_k=top, **more))


def numbers(result):
    return [node.metadata["n"] for node in result.nodes]


def test_the_best_comes_first(store, client, collection_name, dense_of):
    assert client.count(collection_name).count == len(TEXTS)
    for n, text in enumerate(TEXTS):
        result = ask(store, text, dense_of)
        assert numbers(result)[0] == n and result.nodes[0].text == text and result.ids[0] == f"00000000-0000-4000-8000-{n:012}"
        assert result.similarities == sorted(result.similarities, reverse=True) and result.similarities[0] == pytest.approx(1, abs=1e-5)
        assert result.nodes[0].ref_doc_id == f"document-{n // 2}"


@pytest.mark.parametrize("filters, expected", [
    ([MetadataFilter(key="n", value=3)], [3]), ([MetadataFilter(key="first", value="the")], [3]),
        ([MetadataFilter(key="price", value=1.5)], [3]),
    ([MetadataFilter(key="n", value=3, operator=FilterOperator.GT)], [4, 5, 6, 7]),
        ([MetadataFilter(key="n", value=3, operator=FilterOperator.LTE)], [0, 1, 2, 3]),
    ([MetadataFilter(key="first", value=["red", "green"], operator=FilterOperator.IN)], [0, 1]),
    ([MetadataFilter(key="first", value=["red", "green"], operator=FilterOperator.NIN)], [2, 3, 4, 5, 6, 7]),
    ([MetadataFilter(key="first", value="red", operator=FilterOperator.NE)], [1, 2, 3, 4, 5, 6, 7]),
    ([MetadataFilter(key="rare", value=None, operator=FilterOperator.IS_EMPTY)], [0, 1, 2, 3, 4, 6, 7]),
    ([MetadataFilter(key="words", value="sea")], [2, 3]), ([MetadataFilter(key="words", value="rotat",
        operator=FilterOperator.TEXT_MATCH)], [4, 5]),
    ([MetadataFilter(key="n", value=1), MetadataFilter(key="n", value=2)], []),
])
def test_filters(store, dense_of, filters, expected):
    result = ask(store, "blue sea", dense_of, top=20, filters=MetadataFilters(filters=filters))
    assert sorted(numbers(result)) == expected
    assert sorted(node.metadata["n"] for node in store.get_nodes(filters=MetadataFilters(filters=filters))) == expected


def test_filters_joined(store, dense_of):
    either = MetadataFilters(filters=[MetadataFilter(key="n", value=1), MetadataFilter(key="first", value="blue")],
        condition=FilterCondition.OR)
    assert sorted(numbers(ask(store, "sea", dense_of, top=9, filters=either))) == [1, 6]
    neither = MetadataFilters(filters=[MetadataFilter(key="n", value=1), MetadataFilter(key="first", value="blue")],
        condition=FilterCondition.NOT)
    assert sorted(numbers(ask(store, "sea", dense_of, top=9, filters=neither))) == [0, 2, 3, 4, 5, 7]
    nested = MetadataFilters(filters=[either, MetadataFilter(key="n", value=2, operator=FilterOperator.GTE)])
    assert numbers(ask(store, "sea", dense_of, top=9, filters=nested)) == [6]


def test_hybrid_and_sparse(store, dense_of):
    if not store.enable_hybrid:
        with pytest.raises(ValueError):
            ask(store, "keys", dense_of, mode=VectorStoreQueryMode.HYBRID)
        return
    sparse = ask(store, "rotate keys", dense_of, mode=VectorStoreQueryMode.SPARSE, sparse_top_k=5)
    assert numbers(sparse) == [5, 4] and sparse.similarities[0] > sparse.similarities[1] > 0, "rotate and keys, keys alone, nobody else"
    hybrid = ask(store, "blue whales", dense_of, mode=VectorStoreQueryMode.HYBRID, sparse_top_k=4, alpha=0.5)
    assert numbers(hybrid)[0] == 6 and len(hybrid.nodes) == 3
    only = MetadataFilters(filters=[MetadataFilter(key="n", value=6, operator=FilterOperator.LT)])
    assert set(numbers(ask(store, "blue whales", dense_of, mode=VectorStoreQueryMode.HYBRID, filters=only))) <= {0, 1, 2, 3, 4, 5}


def test_delete(store, client, collection_name, dense_of):
    store.delete("document-0")
    assert sorted(numbers(ask(store, "apples", dense_of, top=20))) == [2, 3, 4, 5, 6, 7]
    store.delete_nodes(node_ids=["00000000-0000-4000-8000-000000000002"])
    store.delete_nodes(filters=MetadataFilters(filters=[MetadataFilter(key="first", value="blue")]))
    assert sorted(numbers(ask(store, "apples", dense_of, top=20))) == [3, 4, 5, 7]
    assert [node.metadata["n"] for node in store.get_nodes(node_ids=["00000000-0000-4000-8000-000000000003"])] == [3]
    store.clear()
    assert not client.collection_exists(collection_name)


def test_asynchronous(store, dense_of):
    async def run():
        await store.async_add([TextNode(text="a late one", id_="00000000-0000-4000-8000-000000000099",
            embedding=dense_of("a late one"), metadata={"n": 99})])
        found = await store.aquery(VectorStoreQuery(query_embedding=dense_of("a late one"), query_str="a late one", similarity_top_k=1))
        await store.adelete_nodes(node_ids=["00000000-0000-4000-8000-000000000099"])
        after = await store.aquery(VectorStoreQuery(query_embedding=dense_of("a late one"), query_str="a late one", similarity_top_k=20))
        await store._aclient.close()
        return numbers(found), numbers(after)
    first, after = asyncio.run(run())
    assert first == [99] and 99 not in after


def test_an_existing_collection_is_opened(store, client, collection_name, dense_of):
    again = QdrantVectorStore(collection_name, client=client)
    assert numbers(ask(again, "rotate keys", dense_of)) == numbers(ask(store, "rotate keys", dense_of))
