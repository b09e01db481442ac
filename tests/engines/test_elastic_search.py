"""Search on real Elasticsearch and OpenSearch servers passes the contract and the 25 questions."""

import pytest
from engines import clusters

from stores.contract.search import SearchContract
from stores.elastic.search import ElasticSearch

pytestmark = pytest.mark.elastic


@pytest.fixture
def cluster(elasticsearch_url):
    with clusters.own(elasticsearch_url) as cluster:
        yield cluster


@pytest.fixture
def index(cluster):
    kept = ElasticSearch(cluster)
    kept.prepare()
    return kept


class TestElasticsearch(SearchContract):
    pass


class TestOpenSearch(SearchContract):
    @pytest.fixture
    def cluster(self, opensearch_url):
        with clusters.own(opensearch_url) as cluster:
            yield cluster
