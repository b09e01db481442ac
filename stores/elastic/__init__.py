"""Search and history on Elasticsearch or OpenSearch (搜索集群), for more than one machine."""
