"""Takes the README's picture of a report, docs/report.png: python -m tests.make_picture

The report is that of the quickstart over the sample archive; the browser is Chromium.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "report.png"
WIDTH, HEIGHT = 1280, 960  # in CSS pixels


def main() -> None:
    """Run, and photograph the top of the page."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("the picture needs Chromium")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "curate", "run", "quickstart", "--output", "out", "--workers", "1"],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        page = Path(folder, "out", "report.html")
        # the path of this machine is nobody's business
        page.write_text(page.read_text("utf-8").replace(str(ROOT) + os.sep, ""), "utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}"]
        subprocess.run(
            [browser, *flags, f"--screenshot={PICTURE}", page.as_uri()],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    print(f"{PICTURE}: {PICTURE.stat().st_size >> 10} KB")


if __name__ == "__main__":
    main()
