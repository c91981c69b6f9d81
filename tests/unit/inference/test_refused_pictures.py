"""Pictures that cannot be inspected are a condition of their station until one can be."""

from contracts.process_state import Condition
from inference.refused_pictures import MANY, RefusedPictures


def test_one_refused_picture_is_a_warning_and_many_in_a_row_are_an_alarm() -> None:
    pictures = RefusedPictures()
    for number in range(1, MANY + 2):
        pictures.refused("tiles", f"picture {number} is cut short")
        (said,) = pictures.conditions()
        code = "pictures_refused" if number >= MANY else "picture_refused"
        assert said == Condition(
            code=code, station="tiles", detail=f"picture {number} is cut short"
        )


def test_a_picture_that_could_be_inspected_ends_it_for_its_own_station() -> None:
    pictures = RefusedPictures()
    for station in ("tiles", "lids"):
        pictures.refused(station, "empty")
    pictures.inspected("tiles")
    assert [each.station for each in pictures.conditions()] == ["lids"]
    pictures.inspected("lids")
    pictures.refused("lids", "empty")
    assert [each.code for each in pictures.conditions()] == ["picture_refused"]


def test_a_station_that_left_the_line_is_forgotten() -> None:
    pictures = RefusedPictures()
    pictures.refused("tiles", "empty")
    pictures.follow(["lids"])
    assert pictures.conditions() == ()
