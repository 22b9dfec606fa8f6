"""Progress that remembers what a person would have read."""


class FakeProgress:
    """Keeps every note."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.labels: list[tuple[str, int]] = []
        self.advanced = 0

    def start(self, label: str, total: int) -> None:
        """Remember the label."""
        self.labels.append((label, total))

    def advance(self, count: int = 1) -> None:
        """Count."""
        self.advanced += count

    def note(self, text: str) -> None:
        """Remember the note."""
        self.notes.append(text)
