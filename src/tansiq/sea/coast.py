"""The coast: a bitmap of land that particles strand on, and lines for the map.

A coast file holds land as bits of 0.001 degrees (111 m north, 90 m east at 36 N) in tiles of one degree: each tile is
all sea, all land, or rows of bits (first pixel in the highest bit, south to north), each row XORed with the one
before and deflated (RFC 1951). Only the tiles that a window touches are unpacked. The regional file (19 W to 9 E, 26
to 40 N: Strait, Alboran, the Atlantic coast to the Canaries, and Algeria) is part of Tansiq; `tansiq coast cut` makes
others. Attribution and licence stand beside it in data/COAST.txt.
"""

import json
import zlib
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from tansiq.ground.errors import Malformed, NotCovered
from tansiq.sea.geodesy import metres_per_degree

PIXELS = 1000
"""Pixels per degree, and per side of a tile."""
ROW_BYTES = PIXELS // 8
SEA, LAND, MIXED = 0, 1, 2
MAGIC = b"TANSIQ-COAST-1\n"

Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]


class CoastWindow(Struct, frozen=True, eq=False):
    """The land of a part of the sea, unpacked for a run.

    `bits` (row, byte) is land from south to north; `near` (row / 16, column / 16) tells where land lies within 16
    pixels; `frame` is (west, south, pixels per degree). All are empty where there is no coast to regard.
    """

    bits: Bits
    near: Bits
    frame: Floats

    @classmethod
    def none(cls) -> "CoastWindow":
        """No coast at all."""
        return cls(np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8), np.array([0.0, 0.0, float(PIXELS)]))

    @classmethod
    def of(cls, bits: Bits, west: float, south: float) -> "CoastWindow":
        """A window of packed land bits with its south-western corner."""
        return cls(bits, _near(bits), np.array([west, south, float(PIXELS)]))

    def land(self, lat: Floats, lon: Floats) -> NDArray[np.bool_]:
        """Whether each place lies on land; outside the window there is none."""
        if not self.bits.size:
            return np.zeros(np.shape(lat), bool)
        row = np.floor((np.asarray(lat) - self.frame[1]) * PIXELS).astype(np.int64)
        column = np.floor((np.asarray(lon) - self.frame[0]) * PIXELS).astype(np.int64)
        rows, columns = self.bits.shape[0], self.bits.shape[1] * 8
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        row, column = np.where(inside, row, 0), np.where(inside, column, 0)
        land: NDArray[np.bool_] = ((self.bits[row, column >> 3] >> (7 - (column & 7))) & 1).astype(bool)
        return np.asarray(land & inside)

    def near_box(self, box: Box) -> bool:
        """Whether land lies within a box (west, south, east, north), or within 16 pixels of it."""
        left, right = (int(np.clip((lon - self.frame[0]) * PIXELS // 16, 0, self.near.shape[1])) for lon in box[::2])
        low, high = (int(np.clip((lat - self.frame[1]) * PIXELS // 16, 0, self.near.shape[0])) for lat in box[1::2])
        return bool(self.near[low : high + 1, left : right + 1].any())

    def nearest_sea(self, lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
        """The middle of the sea pixel nearest to each place; raises NotCovered where the window has no sea."""
        from scipy.ndimage import distance_transform_edt  # only seeds on land need it

        margin = 64
        while True:
            first_row, first_column, land = self._around(lat, lon, margin)
            if not land.all():
                break
            if land.size >= self.bits.size * 8:
                raise NotCovered("There is no sea near the start.", "Give a place at sea.")
            margin *= 4
        per_lat, per_lon = metres_per_degree(float(np.mean(lat)))
        nearest = distance_transform_edt(
            land, sampling=(float(per_lat), float(per_lon)), return_distances=False, return_indices=True
        )
        row = np.floor((lat - self.frame[1]) * PIXELS).astype(np.int64) - first_row
        column = np.floor((lon - self.frame[0]) * PIXELS).astype(np.int64) - first_column
        rows, columns = nearest[:, row, column]
        return (
            self.frame[1] + (rows + first_row + 0.5) / PIXELS,
            self.frame[0] + (columns + first_column + 0.5) / PIXELS,
        )

    def _around(self, lat: Floats, lon: Floats, margin: int) -> tuple[int, int, NDArray[np.bool_]]:
        """First row, first column (a multiple of 8) and land of the pixels around some places."""
        rows = np.floor((np.array([np.min(lat), np.max(lat)]) - self.frame[1]) * PIXELS).astype(int)
        columns = np.floor((np.array([np.min(lon), np.max(lon)]) - self.frame[0]) * PIXELS).astype(int)
        first_row, first_byte = max(0, rows[0] - margin), max(0, columns[0] - margin) >> 3
        some = self.bits[first_row : rows[1] + margin + 1, first_byte : (columns[1] + margin + 8) >> 3]
        return int(first_row), int(first_byte * 8), np.unpackbits(some, axis=1).astype(bool)


def _near(bits: Bits) -> Bits:
    """Which squares of 16 pixels have land in themselves or in one of the eight beside."""
    rows, width = -(-bits.shape[0] // 16), -(-bits.shape[1] // 2)
    padded = np.zeros((rows * 16, width * 2), np.uint8)
    padded[: bits.shape[0], : bits.shape[1]] = bits
    pairs = padded.view(np.uint16).reshape(rows, 16, width)  # 16 pixels, in either order of bytes
    land: NDArray[np.bool_] = np.bitwise_or.reduce(pairs, axis=1) != 0
    wide = np.pad(land, 1)
    near = np.zeros_like(land)
    for row in range(3):
        for column in range(3):
            near |= wide[row : row + rows, column : column + width]
    return near.astype(np.uint8)


class Coast(Struct, frozen=True, eq=False):
    """A coast file: which tiles are sea, land or mixed, and the packed mixed ones."""

    name: str
    west: int
    south: int
    kinds: NDArray[np.uint8]
    tiles: dict[tuple[int, int], bytes]
    source: str

    @property
    def bounds(self) -> Box:
        """West, south, east, north of the tiles."""
        rows, columns = self.kinds.shape
        return float(self.west), float(self.south), float(self.west + columns), float(self.south + rows)

    def require(self, lat: float, lon: float) -> None:
        """Raise NotCovered unless the coast is known around a place."""
        west, south, east, north = self.bounds
        if not (west <= lon < east and south <= lat < north):
            raise NotCovered(
                f"The coast {self.name} covers {west:g} to {east:g} E and {south:g} to {north:g} N, "
                f"not {lat:g} N {lon:g} E.",
                "Cut one with `tansiq coast cut`, or leave the coast out.",
            )

    def window(self, box: Box) -> CoastWindow:
        """The land within a box (west, south, east, north), as far as the file reaches."""
        west, south, east, north = self.bounds
        left, low = int(np.floor(max(box[0], west))), int(np.floor(max(box[1], south)))
        right, high = int(np.ceil(min(box[2], east))), int(np.ceil(min(box[3], north)))
        if right <= left or high <= low:
            return CoastWindow.none()
        bits = np.zeros(((high - low) * PIXELS, (right - left) * ROW_BYTES), np.uint8)
        for lat in range(low, high):
            for lon in range(left, right):
                rows = slice((lat - low) * PIXELS, (lat - low + 1) * PIXELS)
                bits[rows, (lon - left) * ROW_BYTES : (lon - left + 1) * ROW_BYTES] = self.tile(lat, lon)
        return CoastWindow.of(bits, left, low)

    def tile(self, lat: int, lon: int) -> Bits | np.uint8:
        """The bits of the tile whose south-western corner is (lat, lon); one byte where all are alike."""
        kind = self.kinds[lat - self.south, lon - self.west]
        if kind != MIXED:
            return np.uint8(255 if kind == LAND else 0)
        return unpacked(self.tiles[lat, lon])


def packed(bits: Bits) -> bytes:
    """A tile's rows, each XORed with the one before, deflated."""
    changes = bits.copy()
    changes[1:] ^= bits[:-1]
    return zlib.compress(changes.tobytes(), 9)


def unpacked(data: bytes) -> Bits:
    """The bits of a packed tile; raises Malformed."""
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(data, PIXELS * ROW_BYTES + 1)
    except zlib.error as error:
        raise Malformed("The coast file is damaged.", "Install Tansiq again, or cut the coast anew.") from error
    if len(raw) != PIXELS * ROW_BYTES:
        raise Malformed("The coast file is damaged.", "Install Tansiq again, or cut the coast anew.")
    changes = np.frombuffer(raw, np.uint8).reshape(PIXELS, ROW_BYTES)
    return np.bitwise_xor.accumulate(changes, axis=0)


def encoded(coast: Coast) -> bytes:
    """A coast as the bytes of a file: a line of JSON, then its mixed tiles from south-west to north-east."""
    order = sorted(coast.tiles)
    head = {
        "name": coast.name, "west": coast.west, "south": coast.south, "source": coast.source,
        "kinds": ["".join(map(str, row)) for row in coast.kinds.tolist()],
        "lengths": [len(coast.tiles[place]) for place in order],
    }  # fmt: skip
    return MAGIC + json.dumps(head).encode() + b"\n" + b"".join(coast.tiles[place] for place in order)


def decoded(data: bytes) -> Coast:
    """A coast from the bytes of its file; raises Malformed when they are no coast file, or not a whole one."""
    wrong = Malformed("This is no whole coast file.", "Cut one with `tansiq coast cut`.")
    try:
        if not data.startswith(MAGIC):
            raise wrong
        end = data.index(b"\n", len(MAGIC))
        head = json.loads(data[len(MAGIC) : end])
        kinds = np.array([[int(kind) for kind in row] for row in head["kinds"]], np.uint8)
        west, south, lengths = int(head["west"]), int(head["south"]), [int(length) for length in head["lengths"]]
        name, source = str(head["name"]), str(head["source"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise wrong from error
    mixed = np.argwhere(np.atleast_2d(kinds) == MIXED)
    if (
        not len(mixed) == len(lengths)
        or min(lengths, default=0) < 0
        or end + 1 + sum(lengths) != len(data)
        or kinds.ndim != 2
    ):
        raise wrong
    tiles, at = {}, end + 1
    for (row, column), length in zip(mixed, lengths, strict=True):
        tiles[south + int(row), west + int(column)] = data[at : at + length]
        at += length
    return Coast(name, west, south, kinds, tiles, source)


def read(path: Path) -> Coast:
    """The coast of a file; raises Malformed."""
    try:
        return decoded(path.read_bytes())
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror or error}.", "Name a coast file.") from error


@cache
def regional() -> Coast:
    """The coast that comes with Tansiq: 19 W to 9 E, 26 to 40 N."""
    return decoded(files("tansiq.sea").joinpath("data", "coast.bin").read_bytes())


def coast_geojson() -> bytes:
    """The regional coast as GeoJSON (RFC 7946) for the map: land polygons, simplified to about 250 m."""
    return files("tansiq.sea").joinpath("data", "coast.json").read_bytes()


def attribution() -> str:
    """Whose coast it is and under which licence, as it must stand beside every map."""
    return files("tansiq.sea").joinpath("data", "COAST.txt").read_text(encoding="utf-8")
