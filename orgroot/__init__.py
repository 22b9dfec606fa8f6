"""orgroot governs root access in an AWS organization."""

__version__ = "0.1.0"
