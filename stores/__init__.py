"""Where things are kept (存储): ports, and the embedded engines. Knows no business rule."""
