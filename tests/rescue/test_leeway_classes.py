"""The table of object classes: complete, named in four languages, and equal to the published figures."""

import pytest

from tansiq.ground.errors import Malformed
from tansiq.rescue.classes import classes, object_class

PUBLISHED = {
    1: ((0.96, 0, 12), (0.54, 0, 9.4)),
    6: ((1.117, 10.2, 3.04), (0.04, 3.90, 4.05)),
    27: ((5.34, 9.91, 9.82), (2.26, 1.04, 9.08)),
    44: ((3.15, 0, 2.20), (1.29, 0, 2.20)),
    46: ((1.65, 0, 3.10), (0.39, 0, 2.90)),
    50: ((2.47, 0, 12), (2.76, 0, 9.4)),
    76: ((1.56, 8.30, 1.53), (0.078, 2.70, 1.52)),
    77: ((6.43, -3.47, 3.63), (2.22, 0, 7.12)),
}


def test_there_are_85_with_a_name_in_every_language() -> None:
    table = classes()

    assert [row.id for row in table] == list(range(1, 86))
    assert len({row.code for row in table}) == 85
    for language in ("ar", "es", "en", "fr"):
        assert len({row.names[language] for row in table}) == 85
    assert all(any("\u0600" <= letter <= "\u06ff" for letter in row.names["ar"]) for row in table)


@pytest.mark.parametrize("number", PUBLISHED)
def test_coefficients_are_the_published_ones(number: int) -> None:
    row, (downwind, crosswind) = object_class(number), PUBLISHED[number]

    assert (row.downwind.slope, row.downwind.offset, row.downwind.deviation) == downwind
    assert (row.right.slope, row.right.offset, row.right.deviation) == crosswind
    assert (-row.left.slope, -row.left.offset, row.left.deviation) == crosswind


def test_all_coefficients_are_physical() -> None:
    for row in classes():
        assert 0 <= row.downwind.slope < 8
        for part in (row.downwind, row.right, row.left):
            assert abs(part.offset) < 20
            assert 0 <= part.deviation < 25


@pytest.mark.parametrize("number", [0, 86, -1])
def test_other_numbers_are_malformed(number: int) -> None:
    with pytest.raises(Malformed, match="object class"):
        object_class(number)
