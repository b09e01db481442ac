"""Matching (匹配): what to say to whom, with reasons. Sends nothing itself."""
