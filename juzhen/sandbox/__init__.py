"""The sandbox (沙箱): our own stand-in for the platforms, with data and habits of its own."""
