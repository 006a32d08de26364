"""What a cleaner learns of a column is kept where its values come again, and only there."""

from graph_model.errors import InvalidValue
from ingest.cleaning import ColumnCleaner, Refusal

BATCH = 2_000


class Reader:
    """Reads a text of digits as a number, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, text: str) -> int:
        self.asked += 1
        if not text.isdigit():
            raise InvalidValue("number.invalid", "That is no number.")
        return int(text)


def texts(batch: int, *, different: int = BATCH) -> list[str]:
    return [str(batch * BATCH + place % different) for place in range(BATCH)]


def test_values_that_come_again_are_cleaned_once() -> None:
    reader = Reader()
    cleaner = ColumnCleaner(reader, open_text=True)
    for _ in range(5):
        assert cleaner.clean(texts(0)) == list(range(BATCH))
    assert reader.asked == BATCH


def test_a_column_of_ever_new_values_is_not_remembered() -> None:
    reader = Reader()
    cleaner = ColumnCleaner(reader, open_text=True)
    for batch in (0, 1, 1):
        assert cleaner.clean(texts(batch)) == list(range(batch * BATCH, (batch + 1) * BATCH))
    assert reader.asked == 3 * BATCH


def test_a_few_new_values_do_not_make_it_forget() -> None:
    reader = Reader()
    cleaner = ColumnCleaner(reader, open_text=True)
    cleaner.clean(texts(0))
    cleaner.clean(texts(1, different=100) + texts(0)[:1_000])
    cleaner.clean(texts(0))
    assert reader.asked == BATCH + 100


def test_a_last_batch_of_one_new_value_does_not_make_it_forget() -> None:
    reader = Reader()
    cleaner = ColumnCleaner(reader, open_text=True)
    cleaner.clean(texts(0))
    cleaner.clean(["999999999"])
    cleaner.clean(texts(0))
    assert reader.asked == BATCH + 1


def test_what_was_refused_is_refused_again_after_it_was_forgotten() -> None:
    cleaner = ColumnCleaner(Reader(), open_text=True)
    for batch in range(3):
        values = cleaner.clean([*texts(batch), "none", ""])
        assert cleaner.may_refuse
        assert values[-2] == Refusal("number.invalid", "That is no number.", "none")
        assert values[-1] is None
    cleaner.clean(texts(3))
    assert not cleaner.may_refuse
