"""The helper tells what grows linearly from what does not."""

from tests.linear import grows_linearly, repeated


def test_one_pass_is_linear_and_a_pass_for_each_item_is_not() -> None:
    assert grows_linearly(sum, range, 100_000)
    assert not grows_linearly(lambda items: [sum(items) for _ in items], range, 500)


def test_texts_have_about_the_size_asked_for() -> None:
    assert repeated("가나")(5) == "가나가나"
    assert repeated("가나다")(1) == "가나다"
