"""Scripts without spaces are noticed before a net learns whole sentences as words."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import recurra, refused
from recurra.config import TextConfig
from recurra.errors import RecurraWarning
from recurra.estimators.language import LANGUAGE_SETTINGS, LanguageModel
from recurra.estimators.text import TEXT_SETTINGS, TextClassifier
from recurra.text.scripts import unspaced_warnings

UNSPACED = {
    "Chinese or Japanese": ["床坏了没人接电话", "房间干净服务很好", "このホテルはとても良かったです。"],
    "Thai": ["โรงแรมนี้สะอาดมากพนักงานบริการดี", "ห้องพักสกปรกไม่มีใครรับโทรศัพท์"],
    "Lao": ["ໂຮງແຮມນີ້ສະອາດຫຼາຍພະນັກງານບໍລິການດີ"],
    "Tibetan": ["མགྲོན་ཁང་འདི་གཙང་མ་ཞེ་དྲག་འདུག"],
    "Burmese": ["ဟိုတယ်ကအရမ်းသန့်ရှင်းပါတယ်ဝန်ထမ်းတွေကောင်းတယ်"],
    "Khmer": ["សណ្ឋាគារនេះស្អាតណាស់បុគ្គលិកល្អ"],
}
TINY = {"hidden": 4, "embedding_size": 4, "epochs": 1, "min_count": 1}
SMALL = ("--set", "hidden=4", "--set", "embedding_size=4", "--epochs", 1, "--quiet")


@pytest.mark.parametrize("script", UNSPACED)
@pytest.mark.parametrize("tokens", ["word", "space"])
def test_a_script_without_spaces_is_named_with_the_way_out(script: str, tokens: str) -> None:
    (told,) = unspaced_warnings(UNSPACED[script], TextConfig(tokens=tokens))  # type: ignore[arg-type]
    assert told.startswith(f"{script} puts no spaces between words") and "tokens=character" in told
    assert unspaced_warnings(UNSPACED[script], TextConfig(tokens="character")) == []


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
    assert unspaced_warnings([text] * 3, TextConfig()) == []


def test_texts_of_two_scripts_are_warned_of() -> None:
    assert unspaced_warnings(["good room, " + "房间干净服务很好", "bad", "床坏了没人接电话"], TextConfig())


def hotel(path: Path, *, distinct: bool = False) -> Path:
    rows = [("床坏了没人接电话", "bad"), ("房间干净服务很好", "good")]
    lines = [f"{text}{row if distinct else row % 4},{label}" for row in range(30) for text, label in rows]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_check_fit_and_predict_say_so(tmp_path: Path) -> None:
    rows, run = hotel(tmp_path / "hotel.csv"), tmp_path / "run"
    told = "Chinese or Japanese puts no spaces between words"
    checked = recurra("data", "check", rows)
    assert f"warning: {told}" in checked.out and "--set tokens=character" in checked.out
    done = recurra("fit", "text", rows, *SMALL, "--out", run)
    assert done.code == 0 and f"warning: {told}" in done.err and "--set tokens=character" in done.err
    answered = recurra("predict", run, "--text", "服务很好房间干净", "--text", "床坏了没人接电话1")
    assert answered.code == 0 and len(answered.out.splitlines()) == 2
    assert "warning: 1 of 2 texts are unread: the model knows no word of them" in answered.err
    tokens = ("--set", "tokens=character")
    assert told not in recurra("data", "check", rows, *tokens).out
    assert told not in recurra("fit", "text", rows, *tokens, *SMALL, "--out", tmp_path / "characters").err
    assert not recurra("predict", tmp_path / "characters", "--text", "服务很好房间干净").err


def test_sentences_that_never_come_again_are_refused_with_the_reason(tmp_path: Path) -> None:
    rows = hotel(tmp_path / "hotel.csv", distinct=True)
    done = recurra("fit", "text", rows, *SMALL, "--out", tmp_path / "run")
    refused(done, 3, "puts no spaces between words", "--set tokens=character")
    assert "error: Chinese or Japanese puts no spaces" in recurra("data", "check", rows).out


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_language_models_and_python_are_told_too(tmp_path: Path) -> None:
    lines = ["床坏了没人接电话。房间干净服务很好。"] * 200
    (tmp_path / "book.txt").write_text("\n".join(lines), encoding="utf-8")
    assert (
        "warning: Chinese or Japanese puts" in recurra("data", "check", tmp_path / "book.txt", "--task", "language").out
    )
    wordy = TINY | {"streams": 2}
    with pytest.warns(RecurraWarning, match="puts no spaces between words.*tokens=character in the settings"):
        LanguageModel(config=LANGUAGE_SETTINGS.changed(wordy)).fit(lines)
    with pytest.warns(RecurraWarning, match="puts no spaces between words"):
        one = TextClassifier(config=TEXT_SETTINGS.changed(TINY)).fit(lines[:20] + ["hm hm"] * 20, ["a", "b"] * 20)
    with pytest.warns(RecurraWarning, match="1 of 2 texts are unread"):
        one.predict(["床坏了", "hm"])
