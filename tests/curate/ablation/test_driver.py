"""Ablations decide from scores what runs decide by dropping."""

import contextlib
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from curate.ablation import arms, driver
from curate.ablation.arms import Ablation, Arm, parse
from curate.ablation.driver import ablate
from curate.recipe import Lines, parse_step
from curate.rundir import RunError, UsageError
from filters.contracts import CorpusJudge, CorpusRewriter
from tests.curate.ablation.tools import BODY, arms_by_name, kept_ids, run_ablation, texts, without_times, write
from tests.curate.quality_model import in_a_folder_with_one
from tests.curate.running_tools import go, recipe, rows

ROOT = Path(__file__).resolve().parents[3]
ARPA = str(ROOT / "tests" / "curate" / "training" / "lmplz.arpa")
ITEMS = Path(__file__).with_name("items.jsonl")


def _judge(rng: random.Random) -> dict:
    return rng.choice(
        [
            {"language/fasttext": {"keep": rng.choice([["ko"], ["en"], ["en", "ko"]]), "min_score": rng.random()}},
            {"language/script": {"keep": rng.choice([[], ["ko"]]), "latin": "en"}},
            {"quality/gopher": {"min_words": rng.randint(1, 60), "min_stop_words": rng.randint(0, 4)}},
            {"quality/gopher": {"semantics": "datatrove", "min_words": rng.randint(1, 30)}},
            {"quality/gopher-repetition": {}},
            {"quality/refinedweb": {}},
            {"quality/c4": {"min_sentences": rng.randint(1, 4)}},
            {"quality/fineweb": {"max_duplicated": rng.random() / 4, "max_short": rng.random()}},
            {"quality/length": {"min_words": rng.randint(0, 40), "max_lines": rng.randint(4, 9)}},
            {"quality/compression": {}},
            {
                "quality/perplexity": {
                    "model": ARPA,
                    "max_perplexity": rng.choice([None, 238]),
                    "keep": rng.choice([[], ["head", "middle"]]),
                    "head": 229,
                    "tail": 235,
                }
            },
            {"quality/cjk": {"drop_from_cjk_chars": rng.randint(5, 30)}},
            {"quality/url": {}},
            {"toxicity/wordlist": {}},
            {"sampling/random": {"share": rng.choice([0.5, 0.8])}},
            {"sampling/upsample": {"by": "language_score", "weights": {0: 1, 0.6: rng.choice([0, 2.5])}}},
            {"tests.strategies.Characters": {"least": rng.randint(0, 200), "most": rng.randint(200, 900)}},
        ]
    )


def _rewriter(rng: random.Random) -> dict:
    return rng.choice(
        [
            {"cleanup/unicode": {}},
            {"cleanup/klue": {"html": True}},
            {"cleanup/c4-lines": {"min_words": rng.randint(2, 8)}},
            {"cleanup/refinedweb-lines": {}},
            {"cleanup/symbol-lines": {"symbols": rng.choice(["|", ".=-"])}},
            {"cleanup/newlines": {"max_consecutive": rng.randint(1, 2)}},
            {"cleanup/urls": {}},
            {"dedup/decontaminate": {"files": [str(ITEMS)], "action": rng.choice(["drop", "cut", "note"])}},
            {"pii/patterns": {"action": rng.choice(["replace", "drop"]), "drop_above": 1}},
            {"tests.strategies.Upper": {}},
            {"tests.strategies.Trouble": {"kind": rng.choice(["raise", "fault", "panic"])}},
        ]
    )


def _corpus(rng: random.Random) -> dict:
    return rng.choice(
        [
            {"dedup/exact": {"survivor": rng.choice(["longest", "first-url"])}},
            {"dedup/url": {}},
            {"dedup/minhash": {"bands": rng.choice([14, 20]), "rows": rng.choice([4, 8]), "unit": "words", "ngram": 3}},
            {
                "dedup/minhash": {
                    "bands": 30,
                    "rows": 3,
                    "ngram": 5,
                    "unit": "characters",
                    "verify": rng.choice([0.5, 0.8]),
                }
            },
            {
                "dedup/minhash": {
                    "bands": 30,
                    "rows": 3,
                    "unit": rng.choice(["words", "characters"]),
                    "ngram": 3,
                    "verify": {"containment": rng.choice([0.5, 0.8]), "jaccard": 0.7},
                    "max_survivors": rng.choice([1, 8]),
                    "survivor": rng.choice(["longest", {"best": "language_score"}]),
                    "compare": rng.choice([None, "language_score"]),
                }
            },
            {"quality/perplexity-top": {"model": ARPA, "keep_top": rng.choice([0.5, 0.9])}},
            {
                "quality/buckets": {
                    "scores": {
                        "words": {"quality/length": {}, "signal": "words"},
                        "ratio": {"quality/compression": {}, "best": "lowest"},
                        "language": {"note": "language_score"},
                    },
                    "cuts": rng.choice([4, [0.3, 0.5]]),
                    "weight": rng.choice(["documents", "bytes", "tokens"]),
                    "within": rng.choice([None, "language"]),
                    "join": rng.choice(["maximum", "mean", "vote"]),
                    "ties": rng.choice(["together", "split"]),
                    "keep": rng.choice([[1, 2], [2]]),
                }
            },
            {
                "sampling/mix": {
                    "budget": rng.choice([100, 600]),
                    "by": "language",
                    "shares": rng.choice([{"ko": 0.5, "en": 0.5}, {"": 0.3, "ko": 0.7}]),
                }
            },
            {"dedup/lines": {}},
            {"dedup/bff": {"min_ngram": 5, "max_ngram": rng.randint(5, 9), "threshold": rng.choice([0.5, 0.8])}},
            {"dedup/substring": {"length": rng.randint(8, 20)}},
        ]
    )


def random_stages(seed: int) -> list:
    """One to seven steps after the extractor, of all kinds, in any order."""
    rng = random.Random(seed)
    stages: list = [BODY]
    for place in range(rng.randint(1, 7)):
        ((name, settings),) = rng.choice([_judge, _judge, _rewriter, _corpus])(rng).items()
        if '"language' in json.dumps(settings):  # a note that some stage must write
            stages.insert(1, {"language/script": {"keep": [], "latin": "en", "as": f"noted{place}"}})
        stages.append({name: {**settings, "as": f"s{place}"}})
    return _with_rights(stages, random.Random(-seed - 1))


def _with_rights(stages: list, rng: random.Random) -> list:
    """The stages, in some recipes with a judge of pages before the first step over the corpus; rows have no page."""
    made = [parse_step(stage, "test", Lines(), ()).strategy for stage in stages]
    last = next((n for n, one in enumerate(made) if isinstance(one, (CorpusJudge, CorpusRewriter))), len(stages))
    judge = rng.choice(
        [
            {"rights/optout": {"drop": rng.choice([[], ["noai", "noindex"]])}},
            {"rights/license": {"keep": rng.choice([[], ["unknown"], ["unknown", "CC-BY"]]), "max_kinds": 1}},
        ]
    )
    place = rng.randint(1, last)
    return [*stages[:place], judge, *stages[place:]] if rng.random() < 0.4 else stages


def _same(arm: dict, result: dict) -> None:
    """The funnel of an arm is that of the run, every stage, rule, reason and byte, and so is the evidence of judges."""
    for ours, theirs in zip(arm["stages"], result["stages"], strict=True):
        for name in ("stage", "in", "kept", "dropped", "failed", "dropped_by_rule", "failed_by_reason"):
            assert ours[name] == theirs[name], (arm["name"], ours["stage"], name)
        if ours["stage"] != "read":
            assert ours["bytes_kept"] == theirs["bytes_kept"], (arm["name"], ours["stage"])
    evidence = {one["stage"]: {name: one[name] for name in one if name != "sample"} for one in result["corpus"]}
    assert all(found == evidence[found["stage"]] for found in arm["corpus"]), arm["name"]


@pytest.mark.parametrize("count", [20, pytest.param(80, marks=pytest.mark.long)])
def test_arms_keep_what_runs_keep_for_random_recipes(tmp_path, count):
    made = texts()
    inputs = [write(tmp_path / "a.jsonl", made[:35]), write(tmp_path / "b.jsonl", made[35:], 35)]
    recipes = {f"r{seed}": recipe(*random_stages(seed)) for seed in range(count)}
    base = recipe(BODY, "dedup/exact")
    chosen = Ablation("random", (Arm("base", base), *(Arm(name, one) for name, one in recipes.items())))
    report = ablate(chosen, [str(path) for path in inputs], str(tmp_path / "ablation"), workers=1)
    by_name = arms_by_name(report)
    losing = 0
    for name, one in {"base": base, **recipes}.items():
        result = go(one, inputs, tmp_path / name)
        expected = sorted(row["id"] for row in rows(tmp_path / name, "kept"))
        assert kept_ids(tmp_path / "ablation", name) == expected, [step.strategy for step in one.steps]
        _same(by_name[name], result)
        losing += 0 < len(expected) < len(made)
    assert losing > count // 2  # most of these recipes do decide something


def _shipped():
    """The ablations that ship; one that decides over the corpus stands for the others."""
    for path in sorted((ROOT / "configs/ablations").glob("*.yaml")):
        yield pytest.param(path.stem, marks=[] if path.stem == "dedup" else [pytest.mark.long])


@pytest.mark.parametrize("name", list(_shipped()))
def test_shipped_ablations_keep_what_runs_keep(name, tmp_path):
    sample = ROOT / "configs/sample/sample.warc.gz"
    chosen = replace(arms.load(name), samples=3, seeds=2)
    assert not chosen.input
    with in_a_folder_with_one(tmp_path / "model") if name == "classifier" else contextlib.nullcontext():
        _keeps_what_runs_keep(chosen, sample, tmp_path)


def _keeps_what_runs_keep(chosen, sample, tmp_path):
    report = ablate(chosen, [str(sample)], str(tmp_path / "ablation"), workers=1)
    for arm in chosen.arms:
        result = go(arm.recipe, [sample], tmp_path / arm.name)
        # where a stage makes sentences rows, id#k, an arm's kept ids are those of their documents
        expected = sorted({row["id"].partition("#")[0] for row in rows(tmp_path / arm.name, "kept")})
        assert kept_ids(tmp_path / "ablation", arm.name) == expected, arm.name
        _same(arms_by_name(report)[arm.name], result)


def test_workers_and_cutting_do_not_change_an_ablation(tmp_path):
    made = texts(seed=5, count=40)
    inputs = [write(tmp_path / "a.jsonl", made[:20]), write(tmp_path / "b.jsonl", made[20:], 20)]
    whole = write(tmp_path / "whole.jsonl", made)
    characters = {"tests.strategies.Characters": {"least": 60}}
    data = {
        "recipe": {
            "name": "base",
            "stages": [BODY, "cleanup/unicode", characters, "dedup/lines", {"dedup/minhash": {"rows": 4}}],
        },
        "sweeps": {"tests.strategies.Characters.least": [60, 100]},
        "jointly": True,
        "arms": {"no-lines": {"dedup/lines": "off"}},
        "leave_one_out": ["dedup/minhash"],
        "controls": ["random-removal"],
        "seeds": 3,
    }
    reports = [
        run_ablation(data, given, tmp_path / name, **more)
        for name, given, more in (
            ("one", inputs, {}),
            ("two", inputs, {"workers": 2}),
            ("turned", inputs[::-1], {}),
            ("whole", [whole], {}),
        )
    ]
    assert all(without_times(report) == without_times(reports[0]) for report in reports)
    for arm in ("base", "no-lines"):
        expected = kept_ids(tmp_path / "one", arm)
        assert kept_ids(tmp_path / "two", arm) == expected
        assert kept_ids(tmp_path / "whole", arm) == expected


def test_what_corpus_judges_note_is_that_of_the_arms_own_documents(tmp_path):
    """Copies and buckets depend on who is alive, and weights on them: by weight 0 documents go in arm and run."""
    made = texts(seed=5, count=60)
    inputs = [write(tmp_path / "a.jsonl", made[:25]), write(tmp_path / "b.jsonl", made[25:], 25)]
    words = {"scores": {"words": {"quality/length": {}, "signal": "words"}}, "cuts": 4, "weight": "bytes"}
    stages = [
        BODY,
        {"tests.strategies.Characters": {"least": 30}},
        "dedup/exact",
        {"dedup/minhash": {"bands": 5, "rows": 8, "unit": "words", "ngram": 3}},
        {"sampling/upsample": {"weights": {1: 1, 2: 3, 3: 0}, "as": "by-copies"}},
        {"quality/buckets": words},
        {"sampling/upsample": {"by": "bucket", "weights": {0: 0, 1: 1, 3: 2}, "as": "by-bucket"}},
        {"sampling/mix": {"budget": 30, "unit": "documents"}},
    ]
    data = {
        "recipe": {"name": "base", "stages": stages},
        "arms": {
            "most-copied": {"dedup/minhash": {"survivor": {"best": "dup_count"}}},
            "heavy": {"by-copies": {"weights": {1: 0, 2: 1}}},
        },
    }
    report = run_ablation(data, inputs, tmp_path / "out")
    kept = set()
    for arm in parse({**data, "name": "test"}, "test").arms:
        result = go(arm.recipe, inputs, tmp_path / arm.name)
        _same(arms_by_name(report)[arm.name], result)
        assert len(arms_by_name(report)[arm.name]["corpus"]) == len(result["corpus"])
        found = rows(tmp_path / arm.name, "kept")
        assert kept_ids(tmp_path / "out", arm.name) == sorted(row["id"] for row in found)
        weight = sum(row["weight"] for row in found)
        (mixed,) = result["corpus"][-1]["mixture"]
        assert mixed["weight_kept"] == weight
        assert min(30, mixed["weight"]) <= weight < 30 + max(row["weight"] for row in found)
        kept.add(tuple(row["id"] for row in found))
    assert len(kept) > 1


def test_a_unit_of_which_nothing_is_left_before_a_corpus_rewriter(tmp_path):
    inputs = [
        write(tmp_path / "short.jsonl", ["a", "bb", "ccc"]),
        write(tmp_path / "long.jsonl", ["The same line.\nAnother line here.", "The same line.\nOne more line."], 3),
    ]
    stages = [BODY, {"tests.strategies.Characters": {"least": 10}}, "dedup/lines", "dedup/substring", "dedup/bff"]
    for name, given in (("both", inputs), ("none", inputs[:1])):
        report = run_ablation({"recipe": {"name": "base", "stages": stages}}, given, tmp_path / name)
        result = go(recipe(*stages), given, tmp_path / f"run-{name}")
        _same(report["arms"][0], result)
        expected = sorted(row["id"] for row in rows(tmp_path / f"run-{name}", "kept"))
        assert kept_ids(tmp_path / name, "base") == expected


def test_notes_are_those_of_the_arms_own_writers_after_a_corpus_rewriter(tmp_path):
    inputs = [write(tmp_path / "a.jsonl", texts(seed=8, count=40))]
    grades, by_grade = "tests.curate.ablation.planted.Grades", "tests.curate.ablation.planted.ByGrade"
    stages = [
        BODY,
        grades,
        "dedup/lines",
        {by_grade: {"least": 2, "as": "before"}},
        {grades: {"modulus": 5, "as": "again"}},
        {by_grade: {"least": 1, "as": "after"}},
    ]
    data = {
        "recipe": {"name": "base", "stages": stages},
        "arms": {"loose": {"before": {"least": 1}}, "other": {grades: {"modulus": 3}}},
    }
    report = run_ablation(data, inputs, tmp_path / "out")
    for arm in parse(data, "test").arms:
        result = go(arm.recipe, inputs, tmp_path / arm.name)
        _same(arms_by_name(report)[arm.name], result)
        assert kept_ids(tmp_path / "out", arm.name) == sorted(row["id"] for row in rows(tmp_path / arm.name, "kept"))


def test_arms_read_the_fields_that_their_recipe_names(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"body": text, "key": key}) + "\n" for key, text in enumerate(["a", "bbb"])))
    stages = ["extraction/plain", {"tests.strategies.Characters": {"least": 2}}]
    base = {"name": "base", "stages": stages, "rows": {"text": "body", "id": "key", "carry": ["lang"]}}
    report = run_ablation({"recipe": base, "leave_one_out": True}, [path], tmp_path / "out")
    assert len(report["arms"]) == 2
    assert kept_ids(tmp_path / "out", "base") == ["1"]
    assert kept_ids(tmp_path / "out", report["arms"][1]["name"]) == ["0", "1"]


def test_an_arm_that_looks_at_pages_is_a_run(tmp_path):
    """Tags that a page shows stay by default, and go where a recipe says so: of the arm's texts as of the run's."""
    page = tmp_path / "page.html"
    page.write_text(
        "<html><body><p>문단은 &lt;p&gt;문단&lt;/p&gt; 처럼 쓰고, 그 밖의 글은 그대로 둔다.</p></body></html>"
    )
    data = {"recipe": {"name": "base", "stages": ["extraction/resiliparse", "cleanup/klue"]}}
    data["arms"] = {"removed": {"cleanup/klue": {"html": True}}}
    kept = {arm["name"]: arm["kept"]["bytes"] for arm in run_ablation(data, [page], tmp_path / "out")["arms"]}
    for name, html in (("base", "rows"), ("removed", True)):
        stages = ["extraction/resiliparse", {"cleanup/klue": {"html": html}}]
        go(recipe(*stages), [page], tmp_path / name)
        (row,) = rows(tmp_path / name, "kept")
        assert ("<p>문단</p>" in row["text"]) == (html == "rows")
        assert kept[name] == len(row["text"].encode())


def test_a_rule_without_its_signal_fails_every_document_as_in_a_run(tmp_path):
    inputs = [write(tmp_path / "a.jsonl", ["one", "two"])]
    stages = [BODY, "tests.strategies.Misspelt"]
    report = run_ablation({"recipe": {"name": "base", "stages": stages}}, inputs, tmp_path / "arms")
    result = go(recipe(*stages), inputs, tmp_path / "run")
    _same(report["arms"][0], result)
    assert result["stages"][-1]["failed_by_reason"] == {"signal_missing": 2}
    detail = rows(tmp_path / "run", "failed")[0]["detail"]
    assert detail == "the rule too_short needs charcters; the judge gives characters"


def test_reference_texts_that_are_missing_are_told_before_anything_is_written(tmp_path):
    inputs = [write(tmp_path / "a.jsonl", texts(count=5))]
    data = {"recipe": {"name": "base", "stages": [BODY]}, "proxy": {"references": {"news": str(tmp_path / "no.jsonl")}}}
    with pytest.raises(UsageError, match=r"proxy: references: news: .*no\.jsonl: no such file"):
        run_ablation(data, inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_keys_are_one_line_that_says_the_way_out(tmp_path, monkeypatch):
    decide = driver.decide

    def damaging(step, shards, folder):
        for shard in shards:
            Path(shard.keys).write_bytes(b"something else altogether, and long enough")
        return decide(step, shards, folder)

    inputs = [write(tmp_path / "a.jsonl", texts(count=20))]
    data = {"recipe": {"name": "base", "stages": [BODY, "dedup/lines", "tests.strategies.Characters"]}}
    with monkeypatch.context() as broken:
        broken.setattr(driver, "decide", damaging)
        with pytest.raises(RunError, match=r"\.keys: not a file of keys; --resume writes it again"):
            run_ablation(data, inputs, tmp_path / "out")
    again = run_ablation(data, inputs, tmp_path / "out", resume=True)
    assert without_times(again) == without_times(run_ablation(data, inputs, tmp_path / "whole"))


def _record(kind: str, name: str, body: str, refers: str = "") -> bytes:
    content = body.encode()
    if kind == "response":
        content = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + content
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
    head += "WARC-Target-URI: https://a.example/\r\n" + (f"WARC-Refers-To: <urn:uuid:{refers}>\r\n" if refers else "")
    kinds = {"response": "application/http; msgtype=response", "conversion": "text/plain"}
    return (
        f"{head}Content-Type: {kinds[kind]}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content + b"\r\n\r\n"
    )


def test_arms_of_wet_files_are_paired_by_the_record_they_refer_to(tmp_path):
    ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(4)]
    page = "<html><body><article><p>{}</p></article></body></html>"
    long, short = "A sentence that is long enough to be kept by the rule. " * 3, "Short."
    warc, wet = tmp_path / "a.warc", tmp_path / "a.warc.wet"
    warc.write_bytes(b"".join(_record("response", name, page.format(long)) for name in ids[:3]))
    texts_of_wet = [(ids[0], long), (ids[1], short), (ids[3], long)]  # one text is cut, one page has none, one is extra
    wet.write_bytes(b"".join(_record("conversion", f"wet-{name}", text, name) for name, text in texts_of_wet))
    data = {
        "recipe": {"name": "base", "stages": ["extraction/resiliparse", {"quality/length": {"min_words": 20}}]},
        "arms": {"wet": {"extraction/resiliparse": "extraction/plain", "input": str(wet), "pair_by": "WARC-Refers-To"}},
    }
    report = run_ablation(data, [warc], tmp_path / "out")
    base, arm = report["arms"]
    assert base["kept"]["documents"] == 3
    assert arm["kept"]["documents"] == 2
    assert arm["pages"] == 3
    assert (arm["pair"]["both"]["documents"], arm["pair"]["only_base"]["documents"]) == (1, 2)
    assert arm["difference"]["documents"] == pytest.approx(-2 / 3)
    assert {sample["id"] for sample in arm["pair"]["samples"]["only_base"]} == {f"<urn:uuid:{n}>" for n in ids[1:3]}
