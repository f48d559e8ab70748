"""How long a NetCDF file of the classic formats must be, from its header.

The NetCDF library answers what lies beyond the end of a truncated classic file with zeros or fill values, without an
error; a drift on half a current would look like any other. Layout: "The NetCDF Classic Format Specification"
(Unidata, NUG appendix B), versions CDF-1, CDF-2 and CDF-5. HDF5 files (NetCDF-4) carry their length and are refused
by their library.
"""

from typing import BinaryIO

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
"""Bytes of each external type: byte, char, short, int, float, double, and those of CDF-5."""


class Truncated(Exception):
    """The header itself ends early."""


def required_length(file: BinaryIO) -> int | None:
    """The least length of the file whose header is at the start of the stream; None when it is not of a classic format.

    Raises Truncated when the header is not whole.
    """
    magic = file.read(4)
    if magic[:3] != b"CDF" or magic[3:] not in (b"\x01", b"\x02", b"\x05"):
        return None
    return _Header(file, magic[3]).required()


class _Header:
    def __init__(self, file: BinaryIO, version: int) -> None:
        self.file = file
        self.count_bytes = 8 if version == 5 else 4
        self.offset_bytes = 4 if version == 1 else 8

    def required(self) -> int:
        """Walk the header: records, dimensions, attributes, variables."""
        records = self.number(self.count_bytes)
        if records == 256**self.count_bytes - 1:
            records = 0  # a stream that was never closed: its records are counted by its length
        dimensions = [self.dimension() for _ in range(self.entries())]
        self.attributes()
        variables = [self.variable(dimensions) for _ in range(self.entries())]
        record = [size for size, _, by_record in variables if by_record]
        stride = record[0] if len(record) == 1 else sum(-(-size // 4) * 4 for size in record)
        ends = [begin + size + (stride * (records - 1) if by_record else 0) for size, begin, by_record in variables
                if not by_record or records]  # fmt: skip
        return max(ends, default=0)

    def number(self, size: int) -> int:
        data = self.file.read(size)
        if len(data) < size:
            raise Truncated
        return int.from_bytes(data, "big")

    def skip(self, size: int) -> None:
        """Pass over bytes that are padded to four."""
        padded = -(-size // 4) * 4
        if padded > 1 << 26 or len(self.file.read(padded)) < padded:
            raise Truncated

    def entries(self) -> int:
        """The length of the list of dimensions, attributes or variables that begins here."""
        self.number(4)
        return self.number(self.count_bytes)

    def name(self) -> None:
        self.skip(self.number(self.count_bytes))

    def dimension(self) -> int:
        self.name()
        return self.number(self.count_bytes)

    def attributes(self) -> None:
        for _ in range(self.entries()):
            self.name()
            kind = self.number(4)
            self.skip(SIZES.get(kind, 1) * self.number(self.count_bytes))

    def variable(self, dimensions: list[int]) -> tuple[int, int, bool]:
        """Size in bytes (of one record where it has records), where it begins, and whether it has records."""
        self.name()
        places = [self.number(self.count_bytes) for _ in range(self.number(self.count_bytes))]
        if any(place >= len(dimensions) for place in places):
            raise Truncated
        self.attributes()
        size = SIZES.get(self.number(4), 1)
        self.number(self.count_bytes)  # vsize may be capped at 4 GiB: the product of the dimensions is surer
        begin = self.number(self.offset_bytes)
        lengths = [dimensions[place] for place in places]
        by_record = bool(lengths) and lengths[0] == 0
        for length in lengths[1:] if by_record else lengths:
            size *= length
        return size, begin, by_record
