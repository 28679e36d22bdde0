"""Scripts without spaces are noticed before a net learns whole sentences as words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from command_line import recurra, refused
from recurra.baselines.nb_svm import words_and_marks
from recurra.config import TextConfig
from recurra.errors import RecurraWarning
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.judges import judges_for
from recurra.text.scripts import settled, unspaced_warnings
from recurra.text.stream import detokenise
from recurra.text.tokenise import tokenise
from recurra.text.units import units_of

UNSPACED = {
    "Chinese or Japanese": ["床坏了没人接电话", "房间干净服务很好", "このホテルはとても良かったです。"],
    "Thai": ["โรงแรมนี้สะอาดมากพนักงานบริการดี", "ห้องพักสกปรกไม่มีใครรับโทรศัพท์"],
    "Lao": ["ໂຮງແຮມນີ້ສະອາດຫຼາຍພະນັກງານບໍລິການດີ"],
    "Tibetan": ["མགྲོན་ཁང་འདི་གཙང་མ་ཞེ་དྲག་འདུག"],
    "Burmese": ["ဟိုတယ်ကအရမ်းသန့်ရှင်းပါတယ်ဝန်ထမ်းတွေကောင်းတယ်"],
    "Khmer": ["សណ្ឋាគារនេះស្អាតណាស់បុគ្គលិកល្អ"],
}
TINY = {"tokens": "word", "hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1}
SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--epochs", 1, "--quiet")


@pytest.mark.parametrize("script", UNSPACED)
@pytest.mark.parametrize("tokens", ["word", "space"])
def test_a_script_without_spaces_is_named_with_the_way_out(script: str, tokens: str) -> None:
    (told,) = unspaced_warnings(UNSPACED[script], TextConfig(tokens=tokens))  # type: ignore[arg-type]
    assert told.startswith(f"{script} puts no spaces between words") and "tokens=script" in told
    assert unspaced_warnings(UNSPACED[script], TextConfig(tokens="script")) == []


@pytest.mark.parametrize(
    "text",
    [
        "服务 很 好 房间 干净 没 人 接 电话",
        "この ホテル は とても 良かった です",
        "โรงแรม นี้ สะอาด มาก พนักงาน บริการ ดี",
        "방이 깨끗하고 직원이 친절했습니다",
        "the hotel in 北京市朝阳区 was clean and quiet, and the staff helped us with all that we asked them for there",
        "a good film",
        "",
    ],
)
def test_words_apart_by_spaces_and_scripts_that_have_them_are_left_alone(text: str) -> None:
    assert unspaced_warnings([text] * 3, TextConfig(tokens="word")) == []


def test_texts_of_two_scripts_are_warned_of() -> None:
    assert unspaced_warnings(["good room, " + "房间干净服务很好", "bad", "床坏了没人接电话"], TextConfig(tokens="word"))


def hotel(path: Path, *, distinct: bool = False) -> Path:
    rows = [("床坏了没人接电话", "bad"), ("房间干净服务很好", "good")]
    lines = [f"{text}{row if distinct else row % 4},{label}" for row in range(30) for text, label in rows]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


WORDS = ("--set", "tokens=word")


def test_words_that_were_chosen_are_obeyed_and_warned_of(tmp_path: Path) -> None:
    rows, run = hotel(tmp_path / "hotel.csv"), tmp_path / "run"
    told = "Chinese or Japanese puts no spaces between words"
    checked = recurra("data", "check", rows, *WORDS)
    assert f"warning: {told}" in checked.out and "--set tokens=script" in checked.out
    done = recurra("fit", "text", rows, *WORDS, *SMALL, "--out", run)
    assert done.code == 0 and f"warning: {told}" in done.err and "--set tokens=script" in done.err
    answered = recurra("predict", run, "--text", "服务很好房间干净", "--text", "床坏了没人接电话1")
    assert answered.code == 0 and len(answered.out.splitlines()) == 2
    assert "warning: 1 of 2 texts are unread: the model knows no word of them" in answered.err


NOTE = "Chinese or Japanese: no spaces part words, so each character is a token"


@pytest.mark.parametrize("options", [SMALL, ("--quiet",)], ids=["net", "default"])
def test_a_default_fit_reads_characters_says_so_and_answers_so_after_reload(
    options: tuple[Any, ...], tmp_path: Path
) -> None:
    rows, run = hotel(tmp_path / "hotel.csv", distinct=True), tmp_path / "run"
    assert NOTE in recurra("data", "check", rows).out
    done = recurra("fit", "text", rows, *options, "--out", run)
    assert done.code == 0 and NOTE in done.err and "puts no spaces" not in done.err
    # A sentence that training never saw is read: its characters are known.
    answered = recurra("predict", run, "--text", "服务很好，房间很干净。", "--json").json()
    assert answered["unk_rate"] < 0.5
    assert RunningClassifier.load(run / "artefact").encoder.config.tokens == "script"
    told = recurra("explain", run, "房间干净").out
    assert [line.split()[1] for line in told.splitlines()[-4:]] == ["房", "间", "干", "净"]


@pytest.mark.parametrize("script", UNSPACED)
def test_every_script_without_spaces_is_settled_to_characters(script: str) -> None:
    settings, notes = settled(TEXT_SETTINGS, UNSPACED[script])
    assert settings.text.tokens == "script" and notes[0].startswith(f"{script}: no spaces part words")
    pieces = tokenise(UNSPACED[script][0], settings.text)
    assert "".join(pieces) == UNSPACED[script][0].replace(" ", "") and len(pieces) >= 8


def test_a_mixed_file_keeps_its_words_and_cuts_its_characters() -> None:
    texts = ["the room was clean and quiet"] * 3_000 + ["房间干净 but the bed isn't good"] * 900
    settings, _ = settled(TEXT_SETTINGS, texts)
    wanted = ["房", "间", "干", "净", "but", "the", "bed", "is", "n't", "good"]
    assert tokenise(texts[-1], settings.text) == wanted
    assert settled(TEXT_SETTINGS, texts[:3_000])[0].text.tokens == "word"
    assert settled(TEXT_SETTINGS, ["服务 很 好 房间 干净"] * 9)[0].text.tokens == "word"


def test_what_somebody_chose_is_never_settled_otherwise() -> None:
    for tokens in ("word", "character", "space", "script"):
        settings = TEXT_SETTINGS.changed({"tokens": tokens})
        assert settled(settings, UNSPACED["Thai"]) == (settings, [])


def test_judges_and_rivals_read_characters_too() -> None:
    texts = ["床坏了没人接电话", "房间干净服务很好"] * 10
    assert [len(ids) for ids in units_of(texts[:2], "word")] == [8, 8]
    assert words_and_marks("The 房间, not") == ["the", "房", "间", ",", "not"]
    # A long text without spaces is no short one: characters' n-grams are not worth their time there.
    assert len(judges_for(["床坏了没人接电话" * 40] * 9)) < len(judges_for(texts))


def test_characters_of_a_language_model_stand_side_by_side(tmp_path: Path) -> None:
    assert detokenise(["房", "间", "很", "good", "!"], TextConfig(tokens="script")) == "房间很good!"
    assert detokenise(["a", "good", "film"], TextConfig(tokens="script")) == " a good film"[1:]


def test_sentences_that_never_come_again_are_refused_with_the_reason(tmp_path: Path) -> None:
    rows = hotel(tmp_path / "hotel.csv", distinct=True)
    done = recurra("fit", "text", rows, *WORDS, *SMALL, "--out", tmp_path / "run")
    refused(done, 3, "puts no spaces between words", "--set tokens=script")
    assert "error: Chinese or Japanese puts no spaces" in recurra("data", "check", rows, *WORDS).out


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_language_models_and_python_are_told_too(tmp_path: Path) -> None:
    lines = ["床坏了没人接电话。房间干净服务很好。"] * 200
    (tmp_path / "book.txt").write_text("\n".join(lines), encoding="utf-8")
    assert (
        "warning: Chinese or Japanese puts"
        in recurra("data", "check", tmp_path / "book.txt", "--task", "language", *WORDS).out
    )
    wordy = TINY | {"streams": 2}
    with pytest.warns(RecurraWarning, match="puts no spaces between words.*tokens=script in the settings"):
        LanguageModel(config=LANGUAGE_SETTINGS.changed(wordy)).fit(lines)
    with pytest.warns(RecurraWarning, match="puts no spaces between words"):
        one = TextClassifier(config=TEXT_SETTINGS.changed(TINY)).fit(lines[:20] + ["hm hm"] * 20, ["a", "b"] * 20)
    with pytest.warns(RecurraWarning, match="1 of 2 texts are unread"):
        one.predict(["床坏了", "hm"])
