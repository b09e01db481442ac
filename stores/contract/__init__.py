"""The suites that every engine of a port must pass (契约). Subclass one, give it its fixtures."""
