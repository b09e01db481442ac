"""The N channels (前端): where we say it and hear back. Never asks what to recommend."""
