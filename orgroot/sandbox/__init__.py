"""An embedded AWS organization for trying out and for tests. Never production code."""
