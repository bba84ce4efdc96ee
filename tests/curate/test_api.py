"""The Python API: every name it exports is there, and what needs nothing is imported late."""

import subprocess
import sys

import curate


def test_every_name_is_there():
    for name in curate.__all__:
        assert getattr(curate, name) is not None
    assert sorted(curate.__all__) == sorted(curate._WHERE)


def test_importing_loads_nothing():
    code = "import sys, curate; print('apache_beam' in sys.modules or 'pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_script_without_a_guard_is_told_what_to_do(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    script = tmp_path / "script.py"
    paths = f"[{str(tmp_path / 'a.jsonl')!r}], {str(tmp_path / 'out')!r}"
    script.write_text(f"import curate\ncurate.run(curate.load_recipe('gopher'), {paths}, workers=2)\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "if __name__ == '__main__'" in done.stderr
