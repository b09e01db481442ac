"""The handful of tiny words that every room shares (公共词汇). Knows nothing of any of them."""
