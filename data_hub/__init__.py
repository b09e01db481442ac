"""The data hub (数据中台): what we know of customers. Calls nobody; others read its findings."""
