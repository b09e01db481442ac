"""WeChat (微信): what its accounts share (signatures, tokens, errors), and an adapter a kind."""
