"""Arms share texts and scores exactly where these are equal."""

from curate.recipe import parse
from pipelines.scoring.plan import CorpusVisit, JudgeVisit, TextVisit, Writer, later_rounds, make_plan

BODY = "tests.strategies.Body"
CHARACTERS = "tests.strategies.Characters"


def _steps(stages):
    return parse({"name": "test", "stages": stages}, "test").steps


def _plan(**arms):
    return make_plan({name: (_steps(stages), 0) for name, stages in arms.items()})


def test_texts_and_scores_are_shared_whatever_the_limits():
    plan = _plan(a=[BODY, {CHARACTERS: {"least": 1}}], b=[BODY, {CHARACTERS: {"least": 9}}, "dedup/exact"], c=[BODY])
    assert len(plan.nodes) == 1
    assert [measure.name for measure in plan.measures] == [CHARACTERS, "dedup/exact"]
    (_, judged), (_, judged_too, corpus) = plan.arms["a"], plan.arms["b"]
    assert isinstance(judged, JudgeVisit)
    assert isinstance(judged_too, JudgeVisit)
    assert isinstance(corpus, CorpusVisit)
    assert judged.measure == judged_too.measure
    assert (judged.judge.least, judged_too.judge.least) == (1, 9)


def test_another_text_is_another_path():
    plan = _plan(a=[BODY, "tests.strategies.Upper"], b=[BODY, "cleanup/unicode"], c=["extraction/plain"])
    assert [plan.described(node) for node in plan.nodes] == [
        BODY, f"{BODY} > tests.strategies.Upper", f"{BODY} > cleanup/unicode", "extraction/plain",
    ]  # fmt: skip
    assert [plan.parent(node) for node in plan.nodes] == [None, plan.nodes[0], plan.nodes[0], None]


def test_a_corpus_rewriter_is_shared_by_arms_that_are_equal_before_it():
    strict, loose = {CHARACTERS: {"least": 9}}, {CHARACTERS: {"least": 1}}
    plan = _plan(
        a=[BODY, strict, "dedup/lines"],
        b=[BODY, loose, "dedup/lines"],
        c=[BODY, loose, "dedup/lines", "dedup/bff", "quality/length"],
    )
    assert len(plan.nodes) == 4  # the body, its lines for the strict and for the loose, and n-grams after the latter
    assert [[node.step.name for node in later] for later in later_rounds(plan)] == [
        ["dedup/lines", "dedup/lines"],
        ["dedup/bff"],
    ]
    assert len(plan.measures) == 2


def test_an_arm_reads_the_language_of_its_own_judge():
    gopher = "quality/gopher"
    plan = _plan(a=[BODY, "language/script", gopher], b=[BODY, {"language/script": {"latin": "de"}}, gopher])
    scripts = [measure for measure in plan.measures if measure.step.name == "language/script"]
    assert [plan.arms[arm][2].language for arm in ("a", "b")] == [Writer(0, script.number) for script in scripts]
    assert scripts[0].name != scripts[1].name  # the stages are called alike, their columns are not


def test_groups_read_files_of_their_own():
    steps = _steps([BODY])
    plan = make_plan({"a": (steps, 0), "b": (steps, 1)})
    assert [node.group for node in plan.nodes] == [0, 1]
    assert [len(plan.roots(group)) for group in (0, 1)] == [1, 1]
    assert all(isinstance(visit, TextVisit) for visits in plan.arms.values() for visit in visits)
