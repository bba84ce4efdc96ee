"""Writes the table of strategies into docs/catalogue.md: python -m tests.strategy_table"""

from pathlib import Path

from curate.catalogue import describe

PAGE = Path(__file__).resolve().parent.parent / "docs" / "catalogue.md"
BEGIN, END = "<!-- strategies -->", "<!-- /strategies -->"


def table() -> str:
    """The table in Markdown."""
    rows = [f"| `{row['strategy']}` | {row['summary']} |" for row in describe()]
    return "\n".join(["| strategy | what it does |", "|---|---|", *rows])


def with_table(text: str) -> str:
    """The page's text with the table of now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
