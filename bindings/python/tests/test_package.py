"""The package as a whole: what it exports, what it says on import, and what the README shows of it."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import userops as uo
from userops import _userops

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})


def test_a_build_without_optimization_warns_on_import() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import userops"], capture_output=True, text=True, check=False
    )
    assert (run.returncode != 0) == _userops._IS_DEBUG_BUILD
    assert ("built without optimization" in run.stderr) == _userops._IS_DEBUG_BUILD


def test_everything_public_is_exported() -> None:
    native = {name for name in vars(_userops) if not name.startswith("_")}
    assert native <= set(uo.__all__)
    assert uo.__all__ == sorted(uo.__all__)
    assert all(hasattr(uo, name) for name in uo.__all__)
    assert uo.__version__


def test_everything_public_is_documented() -> None:
    stub = ast.parse(resources.files(uo).joinpath("_userops.pyi").read_text(encoding="utf-8"))
    assert resources.files(uo).joinpath("py.typed").is_file()
    definitions = (ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(stub) if isinstance(node, definitions) and not node.name.startswith("_")]
    assert len(nodes) > 300
    assert [node.name for node in nodes if not ast.get_docstring(node)] == []
    for name in uo.__all__:
        documented = getattr(uo, name)
        if inspect.isclass(documented) or callable(documented):
            assert documented.__doc__, name
