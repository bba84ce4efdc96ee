"""pii/presidio: offline, beside Korean particles, in chunks, and closed when it fails."""

import logging
import sys

import pytest

from filters import make
from filters.contracts import ResourceError, SettingsError
from filters.document import Document, Drop, Fault

presidio_analyzer = pytest.importorskip("presidio_analyzer")


@pytest.fixture(scope="module")
def run():
    return make("pii/presidio").open()


def korean(text):
    return Document("d", text, notes={"language": "ko"})


def test_values_glued_to_particles(run):
    out = run(
        korean(
            "메일은 hong@example.com으로, 번호는010-1234-5678이고 IP는192.168.0.1입니다. 카드4111111111111111번, "
            "주민번호900101-1234568입니다. 사업자 104-86-56659와 외국인 911124-5678906, 면허 11-22-123456-12"
        )
    )
    assert out.text == (
        "메일은 <EMAIL>으로, 번호는<PHONE>이고 IP는<IP>입니다. 카드<CARD>번, "
        "주민번호<KR_RRN>입니다. 사업자 <KR_BRN>와 외국인 <KR_FRN>, 면허 <KR_DRIVER_LICENSE>"
    )
    assert (out.notes["pii_email"], out.notes["pii_kr_passport"]) == (1, 0)
    assert out.edits["phone"] == 13
    again = run(out)
    assert again.text == out.text
    assert again.edits == {}


def test_words_nearby_confirm_a_weak_form(run):
    assert run(korean("여권번호는 M789C1234입니다")).text == "여권번호는 <KR_PASSPORT>입니다"
    assert run(korean("모델 M789C1234입니다")).text == "모델 M789C1234입니다"


def test_korean_numbers_in_korean_documents_only(run):
    text = "Item 112212345612 and 11-22-123456-12 in stock"
    assert run(Document("d", text, notes={"language": "en"})).text == text
    assert (
        run(Document("d", "재고 112212345612 그리고 11-22-123456-12")).text
        == "재고 112212345612 그리고 <KR_DRIVER_LICENSE>"
    )


def test_a_value_at_every_cut_of_a_chunk(run):
    for offset in (*range(15_980, 16_003, 3), *range(15_730, 15_760, 5), 31_480, 31_490):
        text = "x " * (offset // 2) + "hong@example.com" + " y" * 200
        out = run(Document("d", text))
        assert out.notes["pii_email"] == 1, offset
        assert out.text == text.replace("hong@example.com", "<EMAIL>")


def test_actions(monkeypatch):
    monkeypatch.setenv("PII_TEST_KEY", "a key of more than sixteen bytes")
    for action in ("hash", "pseudonymise"):
        patterns, presidio = (
            make(f"pii/{name}", {"action": action, "key_env": "PII_TEST_KEY"}).open()(
                korean("hong@example.com 010-1234-5678")
            )
            for name in ("patterns", "presidio")
        )
        assert patterns.text == presidio.text
        assert "hong" not in presidio.text
    dropped = make("pii/presidio", {"action": "drop", "drop_above": 1}).open()(korean("a@b.com c@d.com"))
    assert dropped == Drop("drop_above", 2, 1)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"types": ["person"]}, "ner"),
        ({"ner": {"en": "model"}}, "person"),
        ({"types": ["emial"]}, "email"),
        ({"action": "hash"}, "key_file"),
        ({"min_score": 0}, "min_score"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_wrong_settings(options, part):
    with pytest.raises(SettingsError, match=part):
        make("pii/presidio", options)


def test_missing_model():
    strategy = make("pii/presidio", {"types": ["person"], "ner": {"en": "no_such_model"}})
    with pytest.raises(ResourceError, match="no_such_model"):
        strategy.check()
    with pytest.raises(ResourceError, match="no_such_model"):
        strategy.open()


def test_names_by_a_model(tmp_path):
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Hong Gildong"}])
    nlp.to_disk(tmp_path / "model")
    strategy = make("pii/presidio", {"types": ["person", "email"], "ner": {"en": str(tmp_path / "model")}})
    strategy.check()
    assert len(strategy.resources()["ner.en"]) == 64
    out = strategy.open()(Document("d", "I met Hong Gildong, a@b.com", notes={"language": "en"}))
    assert out.text == "I met <PERSON>, <EMAIL>"
    assert out.notes["pii_person"] == 1


def test_a_pattern_out_of_time_is_a_fault(run, monkeypatch, caplog, capsys):
    from presidio_analyzer import pattern_recognizer

    def out_of_time(self, text, flags=None):
        pattern_recognizer.logger.warning("Regex pattern timed out, skipping. %s", text)
        return []

    monkeypatch.setattr(pattern_recognizer.PatternRecognizer, "_PatternRecognizer__analyze_patterns", out_of_time)
    with caplog.at_level(logging.DEBUG), pytest.raises(Fault) as raised:
        run(korean("secret-canary@example.com"))
    assert raised.value.reason == "pii_timeout"
    assert "canary" not in f"{raised.value} {caplog.text} {capsys.readouterr()}"


def test_an_error_is_a_fault_without_text(run, monkeypatch):
    def broken(self, *args, **kwargs):
        raise ValueError("secret-canary@example.com")

    monkeypatch.setattr(presidio_analyzer.AnalyzerEngine, "analyze", broken)
    with pytest.raises(Fault) as raised:
        run(korean("secret-canary@example.com"))
    assert raised.value.reason == "pii_error"
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_the_time_of_a_document_is_bounded():
    run = make("pii/presidio", {"timeout": 0.05}).open()
    with pytest.raises(Fault) as raised:
        run(korean("a1@b.c " * 100_000))
    assert raised.value.reason == "pii_timeout"


def test_a_text_beyond_the_limit_fails_and_is_not_passed_on():
    run = make("pii/presidio", {"max_characters": 30}).open()
    assert run(korean("a@b.com" + "가" * 23)).text.startswith("<EMAIL")
    with pytest.raises(Fault) as raised:
        run(korean("a@b.com" + "가" * 24))
    assert str(raised.value) == "doc_too_long: 31 characters, limit 30"


def test_its_log_is_kept_quiet(run, caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        run(korean("IBAN GB82WEST12345698765433 secret-canary@example.com"))
    logger = logging.getLogger("presidio-analyzer")
    assert "canary" not in f"{caplog.text} {capsys.readouterr()}"
    assert logger.propagate
    assert "presidio_analyzer" in sys.modules
