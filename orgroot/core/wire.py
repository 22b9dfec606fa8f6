"""The SSH wire format (RFC 4251 section 5), read strictly: one spelling per value, no byte over.

It says nothing about what the values mean.
"""


class Damaged(ValueError):  # noqa: N818 - a verdict on bytes, not a malfunction
    """Bytes that are not in the format; the message says why."""


class Reader:
    """Takes one value after the other from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            Damaged: there are fewer.
        """
        if count > len(self._data):
            raise Damaged("it is cut short")
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def byte(self) -> int:
        """The next byte; Damaged as in `take`."""
        return self.take(1)[0]

    def uint32(self) -> int:
        """The next four bytes, highest first; Damaged as in `take`."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """The next string; Damaged as in `take`."""
        return self.take(self.uint32())

    def positive(self) -> int:
        """The next mpint, above zero.

        Raises:
            Damaged: cut short, zero, negative, or not the shortest spelling.
        """
        raw = self.string()
        number = int.from_bytes(raw, "big", signed=True)
        if number <= 0 or mpint(number) != string(raw):
            raise Damaged("a number in it is not positive and written in the shortest way")
        return number

    def finish(self) -> None:
        """Nothing is left.

        Raises:
            Damaged: something is.
        """
        if self._data:
            raise Damaged("bytes follow its end")


def string(data: bytes) -> bytes:
    """Bytes as a string of the format."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive number as an mpint of the format."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
