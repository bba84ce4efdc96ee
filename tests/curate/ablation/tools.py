"""What tests of ablations share: a small corpus with everything in it, and ablations over it."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq

from curate.ablation.arms import parse
from curate.ablation.driver import ablate

BODY = "tests.strategies.Body"

ENGLISH = [
    "The old lighthouse keeper climbed the stairs every evening and lit the lamp before the ships came in.",
    "Bread rises because yeast eats the sugar in the flour and gives off gas that the dough cannot let go.",
    "On the third day of the strike the tram drivers met in the yard and talked about what to do with the money.",
    "A river that floods each spring leaves a thin layer of mud, and that mud is what the fields live on.",
    "She kept the letters in a tin box under the bed, and nobody was told about them until the house was sold.",
    "The committee read the report twice and then asked for the figures that had been left out of the table.",
]
KOREAN = [
    "등대지기는 매일 저녁 계단을 올라가 배가 들어오기 전에 등불을 켰다.",
    "빵이 부푸는 까닭은 효모가 밀가루의 당을 먹고 가스를 내보내기 때문이다.",
    "파업 사흘째 되는 날 기관사들은 차고에 모여 남은 돈을 어떻게 쓸지 의논하였다.",
    "봄마다 넘치는 강은 얇은 진흙을 남기고 밭은 그 진흙으로 살아간다.",
    "그녀는 편지를 침대 밑 양철 상자에 넣어 두었고 집이 팔릴 때까지 아무도 알지 못했다.",
    "위원회는 보고서를 두 번 읽은 뒤 표에서 빠진 숫자를 다시 보내 달라고 하였다.",
]
NOTICES = [
    "무단 전재 및 재배포 금지",
    "#날씨 #여행 #빵",
    "Please enable javascript and accept our cookie policy.",
    "12345",
    "READ MORE NOW",
    "연락처: 010-1234-5678, someone@example.org",
    "ㅋㅋㅋㅋㅋㅋ 정말 재미있다ㅎㅎㅎㅎ",
    "漢字だけの長い文章がここに続いていて、日本語の文字が二十以上もあります。",
    "lorem ipsum dolor sit amet",
    "{ var x = 1; }",
    "visit https://example.com/a?b=c for more",
]


def texts(seed: int = 3, count: int = 60) -> list[str]:
    """Short Korean and English texts: some alike, some the same, some broken in one way or another."""
    rng = random.Random(seed)
    made: list[str] = ["", "   ", "a", "TROUBLE here, and nothing else."]
    while len(made) < count:
        kind = rng.random()
        if kind < 0.12:
            made.append(rng.choice(made))
        elif kind < 0.25:
            made.append(rng.choice(made) + " 하나 더.")
        elif kind < 0.32:
            made.append("\n".join([rng.choice(KOREAN + ENGLISH)] * rng.randint(3, 8)))
        else:
            pool = rng.choice([ENGLISH, KOREAN, ENGLISH + KOREAN])
            lines = rng.choices(pool, k=rng.randint(1, 7))
            lines += rng.choices(NOTICES, k=rng.choice([0, 0, 1, 2]))
            rng.shuffle(lines)
            made.append(rng.choice(["\n", "\n\n", " "]).join(lines))
    return made


def write(path: Path, rows: list[str], first: int = 0) -> Path:
    """A JSONL file of texts with ids and addresses, some of them shared."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(rows, first):
            url = f"https://www{number % 3}.example.org/page/{number % 41}" + (
                "/casino-poker" if number % 17 == 0 else ""
            )
            file.write(json.dumps({"id": f"d{number:04d}", "text": text, "url": url}) + "\n")
    return path


def run_ablation(data: dict, inputs: list[Path], output: Path, **more) -> dict:
    """The report of an ablation given as data, scored and decided in this process."""
    given = {"name": "test", "controls": [], **data}
    return ablate(parse(given, "test"), [str(path) for path in inputs], str(output), **{"workers": 1, **more})


def kept_ids(output: Path, arm: str) -> list[str]:
    """The ids that an arm keeps, sorted."""
    return sorted(pq.read_table(output / "arms" / f"{arm}.parquet")["id"].to_pylist())


def arms_by_name(report: dict) -> dict[str, dict]:
    """The arms of a report by name."""
    return {arm["name"]: arm for arm in report["arms"]}


def without_times(report: dict) -> dict:
    """A report without what differs from one run to the next, and without the names of the input."""
    times = ("cpu_seconds", "startup_cpu_seconds", "wall_seconds", "cpu_by_phase", "date", "input")
    arms_of = [{name: value for name, value in arm.items() if name != "cpu_seconds"} for arm in report["arms"]]
    return {**{name: value for name, value in report.items() if name not in times}, "arms": arms_of}
