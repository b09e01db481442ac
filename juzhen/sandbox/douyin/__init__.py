"""Douyin's twin (抖音分身): creators' accounts, their works, fans and private messages."""
