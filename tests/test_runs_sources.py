"""Where a command's rows come from: known names, aclImdb's folder, files."""

from pathlib import Path

import pytest

from recurra.datasets.formats import TextReading
from recurra.datasets.known.synthetic import synthetic_reviews
from recurra.errors import DataError
from recurra.runs.sources import checksum, labelled, learnt_again, source_record
from recurra.tasks.task import Source, task_named


@pytest.fixture
def acl_imdb(tmp_path: Path) -> Path:
    """A folder laid out as aclImdb is, with generated reviews."""
    folder = tmp_path / "aclImdb"
    for part in ("train", "test"):
        texts, labels = synthetic_reviews(part, count=20)
        for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
            place = folder / part / label[:3] / f"{number}_{9 if label == 'positive' else 2}.txt"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    return folder


def test_the_folder_of_acl_imdb_brings_its_own_parts(acl_imdb: Path) -> None:
    train, test = labelled([str(acl_imdb)], TextReading())
    assert test is not None and (len(train), len(test)) == (20, 20)
    assert sorted(set(train.labels or [])) == ["negative", "positive"]
    assert set(train.texts) == set(synthetic_reviews("train", count=20)[0])


def test_rows_learnt_from_a_folder_are_found_again_unless_it_changed(acl_imdb: Path) -> None:
    record = source_record(Source([str(acl_imdb)]), {"held_out": []})
    again = learnt_again(task_named("text"), record)
    assert again is not None and len(again.texts) == 20
    before = checksum(acl_imdb)
    (acl_imdb / "train" / "pos" / "99_9.txt").write_text("One more.")
    assert checksum(acl_imdb) != before and learnt_again(task_named("text"), record) is None


def test_a_folder_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        labelled([str(tmp_path)], TextReading())
